import {sha256} from '@noble/hashes/sha2.js';
import {bytesToHex} from '@noble/hashes/utils.js';
import {existsSync, mkdirSync, readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {L2OError} from '../../errors.js';
import {CHECKPOINT_NAME} from '../../meta/checkpoint.js';
import {isRecord} from '../../theta/theta-format.js';
import {loadTheta, saveTheta} from '../../theta/theta-io.js';
import type {Theta} from '../../theta/theta-file.js';
import {writeFileAtomically} from '../atomic-file.js';
import type {RunConfig} from './config.js';
import {formatRunJson, parseRunJson, type PlainOptions} from './plain-options.js';

/** Files of a run, beside the checkpoint that metaFit keeps. */
export const RUN_FILES = {run: 'run.json', initialTheta: 'initial-theta.safetensors', theta: 'theta.safetensors', report: 'report.html', checkpoint: CHECKPOINT_NAME} as const;

const FORMAT = 'tfjs-l2o run', VERSION = 1;
/** A checkpoint without {@link RUN_FILES}.run. */
const FOREIGN = 'the checkpoint of a program that called metaFit, which goes on where that program is run again';
/** Options that may change while a run goes on: the result does not depend on them. */
const FREE: readonly string[] = ['workers', 'checkpointEvery'];

/** What stands in run.json. */
export interface SavedRun {
  readonly options: PlainOptions;
  /** Hash of the theta in initial-theta.safetensors, where the run started from one of its own. */
  readonly initialTheta: string | undefined;
  /** SHA-256 of the families' files. */
  readonly modules: Readonly<Record<string, string>>;
}

/**
 * Writes down a new run, or makes sure that the one that is there is the same.
 *
 * @throws L2OError 'INVALID_ARGUMENT' where it is another one; 'ENVIRONMENT' where the folder cannot be written.
 */
export async function openRunFolder(folder: string, {options, initialTheta}: RunConfig): Promise<void> {
  const run: SavedRun = {options, initialTheta: initialTheta?.hash, modules: moduleHashes(options)};
  if (existsSync(join(folder, RUN_FILES.run))) {
    const changed = differences(readRun(folder), run);
    if (changed.length === 0) return;
    throw new L2OError('INVALID_ARGUMENT', `'${folder}' holds a run of another config: ${changed.join('; ')}. ` +
      `Choose another --out for a new run, or go on with that one: tfjs-l2o resume ${folder}`);
  }
  if (existsSync(join(folder, RUN_FILES.checkpoint))) {
    throw new L2OError('INVALID_ARGUMENT', `'${folder}' holds ${FOREIGN}. Choose another --out for a new run.`);
  }
  await writing(folder, async () => {
    mkdirSync(folder, {recursive: true});
    if (initialTheta !== undefined) await saveTheta(initialTheta, join(folder, RUN_FILES.initialTheta));
    writeFileAtomically(join(folder, RUN_FILES.run), formatRunJson({format: FORMAT, version: VERSION, ...run}));
  });
}

/**
 * What a folder's run was started with.
 *
 * @throws L2OError 'INVALID_ARGUMENT' where the folder holds none, or one of another version; 'CORRUPT_FILE'.
 */
export function readRun(folder: string): SavedRun {
  const file = join(folder, RUN_FILES.run);
  if (!existsSync(file)) {
    const got = existsSync(join(folder, RUN_FILES.checkpoint)) ? FOREIGN : 'neither';
    throw new L2OError('INVALID_ARGUMENT', `'${folder}': expected the folder of a run, with ${RUN_FILES.run} and ${RUN_FILES.checkpoint}, got ${got}. Start a run with: tfjs-l2o meta-fit CONFIG --out ${folder}`);
  }
  const corrupt = (problem: string): never => {
    throw new L2OError('CORRUPT_FILE', `'${file}': expected what tfjs-l2o wrote about the run, got ${problem}. It was left as it is.`);
  };
  const found = parseRunJson(readFileSync(file, 'utf8'), corrupt);
  if (!isRecord(found) || found.format !== FORMAT) return corrupt('something else');
  if (found.version !== VERSION) {
    throw new L2OError('INVALID_ARGUMENT', `'${file}': expected version ${VERSION}, got ${String(found.version)}. Go on with the tfjs-l2o that wrote it.`);
  }
  const {options, initialTheta, modules} = found;
  if (!isRecord(options) || !isRecord(modules) || (initialTheta !== undefined && typeof initialTheta !== 'string')) return corrupt('something else');
  return {options, initialTheta, modules: modules as SavedRun['modules']};
}

/**
 * A run to go on with.
 *
 * @throws L2OError as {@link readRun}; 'INVALID_ARGUMENT' also where a family's file is gone or is no longer what it was.
 */
export async function reopenRun(folder: string): Promise<RunConfig> {
  const saved = readRun(folder), changed = differences(saved, {...saved, modules: moduleHashes(saved.options)});
  if (changed.length > 0) {
    throw new L2OError('INVALID_ARGUMENT', `'${folder}' cannot go on as it began: ${changed.join('; ')}. Bring back what it was, or start a new run with: tfjs-l2o meta-fit CONFIG --out DIR`);
  }
  return {options: saved.options, initialTheta: saved.initialTheta === undefined ? undefined : await savedTheta(folder, saved.initialTheta), folder: resolve(folder)};
}

async function savedTheta(folder: string, hash: string): Promise<Theta> {
  const file = join(folder, RUN_FILES.initialTheta), {theta} = await loadTheta(file);
  if (theta.hash === hash) return theta;
  throw new L2OError('INVALID_ARGUMENT', `'${file}': expected the theta ${hash} that the run started from, got ${theta.hash}. Bring it back, or start a new run.`);
}

/** In which ways one run is not the other, in words. */
function differences(before: SavedRun, now: SavedRun): string[] {
  const names = [...new Set([...Object.keys(before.options), ...Object.keys(now.options)])].filter((name) => !FREE.includes(name));
  const show = (value: unknown): string => (value === undefined ? 'left out' : formatRunJson(value).trim().replace(/\s+/g, ' '));
  const changed = names.filter((name) => show(before.options[name]) !== show(now.options[name]))
    .map((name) => `${name} was ${show(before.options[name])} and is ${show(now.options[name])}`);
  if (before.initialTheta !== now.initialTheta) changed.push(`initialTheta was ${before.initialTheta ?? 'none of its own'} and is ${now.initialTheta ?? 'none of its own'}`);
  const modules = Object.keys(before.modules).filter((url) => now.modules[url] !== undefined && now.modules[url] !== before.modules[url]);
  return [...changed, ...modules.map((url) => `the file of the task family '${url}' has changed`)];
}

/** Hashes of the families' own files; what these import is not looked at. */
function moduleHashes({tasks, heldOut}: PlainOptions): Record<string, string> {
  const urls = [tasks, heldOut].filter((url): url is string => typeof url === 'string' && url.startsWith('file:'));
  return Object.fromEntries(urls.map((url) => {
    const file = fileURLToPath(url);
    try {
      return [url, bytesToHex(sha256(readFileSync(file)))];
    } catch (cause) {
      throw new L2OError('INVALID_ARGUMENT', `expected a task family in '${file}', got no file that can be read. Check the paths of tasks and heldOut.`, {cause});
    }
  }));
}

/** Writes into the folder of a run. @throws L2OError 'ENVIRONMENT' where that fails. */
export async function writing(folder: string, write: () => void | Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    if (cause instanceof L2OError) throw cause;
    throw new L2OError('ENVIRONMENT', `expected to write the folder '${folder}', got ${cause instanceof Error ? cause.message : String(cause)}. Check the permissions and the disk, or choose another --out.`, {cause});
  }
}
