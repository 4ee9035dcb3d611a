import {env, io} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import {OptionChecks} from '../option-checks.js';
import {artifactsToTheta, decodeModelJson, thetaToArtifacts} from './artifacts.js';
import {environmentError, reason, type ByteSource} from './byte-source.js';
import {httpSource} from './http-source.js';
import {fileSource, pathOfUrl, writeFile} from './node-files.js';
import {checkTheta, decodeTheta, encodeTheta, type Theta, type ThetaFile} from './theta-file.js';
import {saveFolder} from './theta-folder.js';
import {checkMetadata, isRecord, MAX_FILE_BYTES, shown, userMetadata, type ThetaMetadata} from './theta-format.js';

/**
 * Where a theta is saved:
 * - a path or `file://` URL that ends in `.safetensors` (Node): one file;
 * - any other `file://` URL (Node): a folder with a `model.json` and its weights;
 * - `indexeddb://`, `localstorage://`, `downloads://`, `http://`, `https://`, or any URL for which TF.js has a handler;
 * - a `tf.io.IOHandler`, such as `tf.io.withSaveHandler(…)` or one of your own.
 */
export type ThetaTarget = string | URL | io.IOHandler;

/**
 * What a theta is loaded from: all that {@link ThetaTarget} lists (of `http(s)://` the address of a `model.json` or of a
 * safetensors file, relative addresses in browsers included), and the bytes of a safetensors file.
 */
export type ThetaSource = ThetaTarget | Uint8Array;

/** Options of {@link loadTheta}. */
export interface LoadThetaOptions {
  /**
   * Ends the reading of an `http(s)://` address, such as `AbortSignal.timeout(10_000)`. Default: no time limit. Files and
   * handlers of TF.js cannot be interrupted: for those it is looked at before they are read and after.
   */
  readonly signal?: AbortSignal | undefined;
}

/** A theta with the strings that were saved with it. */
export interface SavedTheta {
  readonly theta: Theta;
  /** As given to {@link saveTheta}, such as the recipe of the training. */
  readonly metadata: ThetaMetadata;
}

const OPTION_CHECKS: OptionChecks = new OptionChecks('loadTheta');

type Place =
  | {readonly kind: 'file'; readonly path: string; readonly isUrl: boolean}
  | {readonly kind: 'url'; readonly url: string}
  | {readonly kind: 'handler'; readonly handler: io.IOHandler; readonly name: string};

/**
 * Saves a theta with name and version of its rule, its hash, and a recipe. Files are written whole or not at all: where it
 * fails, what was there before is intact.
 *
 * @param theta What to save, such as `optimizer.theta`; checked first, so that no damaged theta is ever written.
 * @param target See {@link ThetaTarget}.
 * @param metadata Strings to save with it, of at most 65,536 bytes as JSON. Default: none.
 * @throws L2OError `INVALID_THETA` or `INVALID_ARGUMENT` before anything is written; `ENVIRONMENT` where the place cannot be
 *     written: read-only, full, not there, or refused by its handler.
 * @example
 * await saveTheta(optimizer.theta, 'file://my-optimizer', {recipe: JSON.stringify({seed: 7})});
 * await saveTheta(optimizer.theta, 'my-optimizer.safetensors');
 */
export async function saveTheta(theta: Theta, target: ThetaTarget, metadata: ThetaMetadata = {}): Promise<void> {
  if (!isRecord(theta)) throw new L2OError('INVALID_THETA', `theta: expected a Theta, got ${describe(theta)}. Pass optimizer.theta, or a theta as loadTheta gives it.`);
  checkTheta(theta);
  checkMetadata(metadata);
  // All below encode at once, before they wait for anything: the caller may change both while the file is being written.
  const place = locate(target, 'save');
  if (place.kind === 'handler') return saveByHandler(place.handler, place.name, theta, metadata);
  if (place.kind === 'url') throw badPlace('save', target);
  if (/\.safetensors$/i.test(place.path)) return writeFile(place.path, encodeTheta(theta, metadata));
  if (place.isUrl) return saveFolder(place.path, theta, metadata);
  throw new L2OError('INVALID_ARGUMENT', `saveTheta: expected a path that ends in .safetensors, got '${place.path}'. Write 'file://${place.path}' to save a folder.`);
}

/**
 * Loads a theta, and trusts nothing of what it reads: sizes are checked before bytes are read or copied, then rule,
 * version, layout and hash; nothing in a file is ever executed, and no file outside its folder is read. The hash tells
 * damage from whole, not friend from foe: whoever can change the weights can change the hash.
 *
 * @param source See {@link ThetaSource}.
 * @param options See {@link LoadThetaOptions}.
 * @returns The theta, and the strings that were saved with it.
 * @throws L2OError `CORRUPT_FILE` where the source is cut short, too large or no theta; `INVALID_THETA` where it is one of
 *     an unknown rule or of another version, or its weights do not fit its hash; `ENVIRONMENT` where it cannot be read, or the
 *     signal says to stop; `INVALID_ARGUMENT` or `UNKNOWN_OPTION` for what is no source or no option.
 * @example
 * const {theta, metadata} = await loadTheta('file://my-optimizer');
 */
export async function loadTheta(source: ThetaSource, options: LoadThetaOptions = {}): Promise<SavedTheta> {
  const {signal} = OPTION_CHECKS.names(options, ['signal']);
  if (signal !== undefined && !(signal instanceof AbortSignal)) OPTION_CHECKS.reject('signal must be an AbortSignal', signal, 'For example AbortSignal.timeout(10_000).');
  assertNotAborted(signal);
  const {theta, metadata} = await load(source, signal);
  assertNotAborted(signal);
  return {theta, metadata: userMetadata(metadata)};
}

function assertNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw environmentError('loadTheta', 'to load a theta', reason(signal.reason), 'Its signal ended it.', signal.reason);
}

async function load(source: ThetaSource, signal: AbortSignal | undefined): Promise<ThetaFile> {
  if (source instanceof Uint8Array) return decodeTheta(source);
  const place = locate(source, 'load');
  switch (place.kind) {
    case 'file': return read(fileSource(place.path));
    case 'url': return read(httpSource(place.url, signal));
    case 'handler': return artifactsToTheta(await loadByHandler(place.handler, place.name));
  }
}

async function read(source: ByteSource): Promise<ThetaFile> {
  const bytes = await source.read(MAX_FILE_BYTES);
  // The eighth byte is the highest of a safetensors file's header length, and JSON has no zeros.
  if (bytes[7] === 0) return decodeTheta(bytes);
  return decodeModelJson(bytes, (name, limit) => source.readBeside(name, limit));
}

async function saveByHandler(handler: io.IOHandler, name: string, theta: Theta, metadata: ThetaMetadata): Promise<void> {
  const remedy = 'See the error of the handler in `cause`.';
  let result: unknown;
  try {
    result = await handler.save!(thetaToArtifacts(theta, metadata));
  } catch (cause) {
    throw environmentError('saveTheta', `${name} to save it`, reason(cause), remedy, cause);
  }
  const errors: unknown = isRecord(result) ? result.errors : undefined;
  if (Array.isArray(errors) && errors.length > 0) throw environmentError('saveTheta', `${name} to save it`, reason(errors[0]), remedy, errors);
}

async function loadByHandler(handler: io.IOHandler, name: string): Promise<unknown> {
  try {
    return await handler.load!();
  } catch (cause) {
    throw environmentError('loadTheta', `${name} to load it`, reason(cause), 'See the error of the handler in `cause`.', cause);
  }
}

function locate(where: unknown, action: 'save' | 'load'): Place {
  if (where instanceof URL) {
    return where.protocol === 'file:' && inNode() ? {kind: 'file', path: pathOfUrl(where), isUrl: true} : locate(where.href, action);
  }
  if (typeof where !== 'string') {
    if (!isRecord(where) || typeof where[action] !== 'function') throw badPlace(action, where);
    return {kind: 'handler', handler: where, name: 'the handler'};
  }
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(where)?.[1]?.toLowerCase(), isUrl = scheme !== undefined;
  if ((!isUrl || scheme === 'file') && inNode()) {
    const path = isUrl ? where.slice('file://'.length) : where;
    if (path === '') throw badPlace(action, where);
    return {kind: 'file', path, isUrl};
  }
  // TF.js's own loader would read all that it is sent: only saving is left to it.
  if (action === 'load' && where !== '' && (!isUrl || scheme === 'http' || scheme === 'https')) return {kind: 'url', url: where};
  return {kind: 'handler', handler: routed(where, action), name: `TF.js's handler of '${scheme ?? where}'`};
}

/** The one handler that TF.js has for a URL. */
function routed(url: string, action: 'save' | 'load'): io.IOHandler {
  let handlers: io.IOHandler[];
  try {
    handlers = action === 'save' ? io.getSaveHandlers(url) : io.getLoadHandlers(url);
  } catch (cause) {
    throw environmentError(`${action}Theta`, `TF.js to have a handler for '${url}'`, reason(cause), 'See the error of the handler in `cause`.', cause);
  }
  const [handler] = handlers;
  if (handlers.length !== 1 || typeof handler?.[action] !== 'function') throw badPlace(action, url);
  return handler;
}

function inNode(): boolean {
  return env().getBool('IS_NODE');
}

function badPlace(action: 'save' | 'load', got: unknown): L2OError {
  const bytes = action === 'load' ? ', or the bytes of a safetensors file as a Uint8Array' : '';
  return new L2OError('INVALID_ARGUMENT', `${action}Theta: expected a URL that TF.js has one handler for here, a tf.io handler that can ${action}${bytes}, got ${describe(got)}. ` +
    'In Node use file://, http:// or a path that ends in .safetensors; in browsers indexeddb://, localstorage:// or http://, or downloads:// to save.');
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${shown(value)}'`;
  return typeof value === 'object' && value !== null ? 'an object' : typeof value;
}
