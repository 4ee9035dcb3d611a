import {readFileSync} from 'node:fs';
import {dirname, resolve} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {L2OError} from '../../errors.js';
import {importModule} from '../../import-module.js';
import type {MetaFitOptions} from '../../meta/meta-fit-options.js';
import {checkMetaFitOptions} from '../../meta/meta-fit-settings.js';
import {loadTheta} from '../../theta/theta-io.js';
import type {Theta} from '../../theta/theta-file.js';
import {parseRunJson, toPlain, type PlainOptions} from './plain-options.js';

/** What a run is made of: all of it can be written down, and read again by `resume`. */
export interface RunConfig {
  /** Options of metaFit but those below and {@link RunConfig.initialTheta}; modules by their absolute URLs. */
  readonly options: PlainOptions;
  /** Where it is given as weights or as a file. */
  readonly initialTheta: Theta | undefined;
  /** The config's `checkpointDir` as an absolute path. */
  readonly folder: string | undefined;
}

/** Options of metaFit that a config cannot have, and why. */
const NOT_IN_CONFIG: Readonly<Record<string, string>> = {
  onProgress: 'The command shows progress by itself.',
  signal: 'Stop the command with Ctrl-C.',
};

/**
 * Reads a config and checks all of it.
 *
 * @param path Of a JSON file, or of a module that exports the options by default.
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION', 'ENVIRONMENT', or of a bad theta file: before anything is written.
 */
export async function readConfig(path: string): Promise<RunConfig> {
  const file = resolve(path), folder = dirname(file);
  const {checkpointDir, initialTheta: start, ...given} = await loadOptions(file);
  for (const [name, remedy] of Object.entries(NOT_IN_CONFIG)) {
    if (name in given) reject(path, `no '${name}'`, 'one', remedy);
  }
  for (const name of ['tasks', 'heldOut'] as const) if (name in given) given[name] = moduleAddress(path, name, given[name], folder);
  const initialTheta = start === undefined || start === 'untrained' ? start : await loadInitialTheta(start, folder);
  // All that metaFit would refuse is refused here, in its own words.
  const {initialTheta: checked} = checkMetaFitOptions({...given, ...(initialTheta !== undefined && {initialTheta}), checkpointDir: checkpointDir ?? folder});
  const isGiven = initialTheta !== undefined && initialTheta !== 'untrained';
  const options = toPlain({...given, ...(initialTheta === 'untrained' && {initialTheta})}, path);
  return {options, initialTheta: isGiven ? checked : undefined, folder: checkpointDir === undefined ? undefined : absolute(checkpointDir as string | URL, folder)};
}

/** Options for metaFit from what was written down; checked, in case it was changed by hand. */
export function toMetaFitOptions({options}: Pick<RunConfig, 'options'>, more: Partial<MetaFitOptions>): MetaFitOptions {
  const all: unknown = {...options, ...more};
  checkMetaFitOptions(all);
  return all as MetaFitOptions;
}

async function loadOptions(file: string): Promise<Record<string, unknown>> {
  let found: unknown;
  if (/\.json$/i.test(file)) {
    found = parseRunJson(readText(file), (problem) => reject(file, 'a JSON object with the options of metaFit', problem, 'See tfjs-l2o meta-fit --help.'));
  } else {
    readText(file);
    found = ((await importConfig(file)) as {default?: unknown}).default;
  }
  if (typeof found === 'object' && found !== null && !Array.isArray(found)) return {...found};
  return reject(file, 'the options of metaFit as an object (of a module: its default export)', found === undefined ? 'none' : `a value of type ${typeof found}`, 'See tfjs-l2o meta-fit --help.');
}

async function importConfig(file: string): Promise<object> {
  try {
    return await importModule(pathToFileURL(file).href);
  } catch (cause) {
    if (cause instanceof L2OError) throw cause;
    return reject(file, 'a module that can be imported', `the error "${cause instanceof Error ? cause.message : String(cause)}"`, 'Correct it, or write the config as JSON.', cause);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    return reject(file, 'a file that can be read', cause instanceof Error ? cause.message : String(cause), 'Check the path.', cause);
  }
}

/** The absolute URL of a module: families as objects could not be found again by `resume`. */
function moduleAddress(path: string, name: string, value: unknown, folder: string): unknown {
  if (value instanceof URL) return value.href;
  if (typeof value === 'string') return /^[a-z][a-z\d+.-]+:/i.test(value) ? value : pathToFileURL(resolve(folder, value)).href;
  if (typeof value !== 'object' || value === null) return value;
  return reject(path, `'${name}' to be path or URL of a module that exports the task family by default`, 'an object',
    'Export the family from a module of its own: "tfjs-l2o resume" has to find it again.');
}

async function loadInitialTheta(value: unknown, folder: string): Promise<unknown> {
  const isText = typeof value === 'string';
  if (!isText && !(value instanceof URL)) return value;
  const source = isText && !/^[a-z][a-z\d+.-]+:/i.test(value) ? resolve(folder, value) : value;
  return (await loadTheta(source)).theta;
}

function absolute(path: string | URL, folder: string): string {
  return path instanceof URL || path.startsWith('file:') ? fileURLToPath(path) : resolve(folder, path);
}

function reject(path: string, expected: string, got: string, remedy: string, cause?: unknown): never {
  throw new L2OError('INVALID_ARGUMENT', `config '${path}': expected ${expected}, got ${got}. ${remedy}`, {cause});
}
