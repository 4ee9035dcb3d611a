import {isTaskFamily, moduleUrl} from '../meta/family-module.js';
import {node} from '../meta/node.js';
import {OptionChecks} from '../option-checks.js';
import {defaultTheta} from '../theta/default-theta.js';
import {checkTheta, makeTheta, type Theta} from '../theta/theta-file.js';
import {BASELINES, type BaselineKind} from './optimizers.js';
import type {Suite} from './suite.js';

/** How far an evaluation is. */
export interface EvaluateProgress {
  readonly tasksDone: number;
  readonly numTasks: number;
  /** Steps of finished runs, those from the cache included. */
  readonly stepsDone: number;
  /** Steps of all runs: an estimate until the rates are tuned. */
  readonly stepsTotal: number;
  /** Of them, steps that the cache had. */
  readonly stepsCached: number;
}

/** Options of {@link evaluate}. Only `suite` is required. */
export interface EvaluateOptions {
  /** The tasks: an object, which stays in this thread; or URL or path of a module with one as default export, which reaches workers. See {@link Suite}. */
  readonly suite: Suite | URL | string;
  /** What `tensor-lstm` runs with. Default: the theta that ships with the package. */
  readonly theta?: Theta | Float32Array | undefined;
  /** Hash of the recipe that theta was trained by, for the result. Default: unknown. */
  readonly recipe?: string | undefined;
  /** Names of the tasks to run. Default: all of the suite; others make the result incomplete. */
  readonly tasks?: readonly string[] | undefined;
  /** Baselines to tune and run. Default: `['adam', 'adamCosine', 'adamwCosine', 'sgdMomentum']`. */
  readonly baselines?: readonly BaselineKind[] | undefined;
  /** URLs or paths of modules of peers, see {@link Peer}. Default: none. */
  readonly peers?: ReadonlyArray<URL | string> | undefined;
  /** Fresh seeds that tuned optimizers and ours are run on, ≥ 1. Default 5. */
  readonly numSeeds?: number | undefined;
  /** Seeds that learning rates are tuned on, ≥ 1. Default 2. */
  readonly numTuningSeeds?: number | undefined;
  /** Whether ours is also run with wrong numbers of steps. Default true. */
  readonly sensitivity?: boolean | undefined;
  /** Worker threads; 0 (default) runs in this thread. The result does not depend on it where all threads have one backend. */
  readonly workers?: number | undefined;
  /** Folder of finished runs: those found there are not made again. Node only. Default: none. */
  readonly cacheDir?: string | URL | undefined;
  /** No run is begun after so many minutes, > 0; the result then has the finished tasks. Default: no limit. */
  readonly limitMinutes?: number | undefined;
  /** Called after each run. */
  readonly onProgress?: ((progress: EvaluateProgress) => void) | undefined;
  /** Ends the evaluation after the runs in flight; the result has the finished tasks. */
  readonly signal?: AbortSignal | undefined;
}

/** Checked options. Suites are objects, or URLs of modules; peers are URLs. */
export interface EvaluateSettings {
  readonly suite: Suite | string;
  readonly theta: Theta;
  readonly recipe: string | undefined;
  readonly tasks: readonly string[] | undefined;
  readonly baselines: readonly BaselineKind[];
  readonly peers: readonly string[];
  readonly numSeeds: number;
  readonly numTuningSeeds: number;
  readonly sensitivity: boolean;
  readonly workers: number;
  readonly cacheDir: string | undefined;
  readonly limitMinutes: number;
  readonly onProgress: (progress: EvaluateProgress) => void;
  readonly signal: AbortSignal | undefined;
}

const NAMES = [
  'suite', 'theta', 'recipe', 'tasks', 'baselines', 'peers', 'numSeeds', 'numTuningSeeds', 'sensitivity', 'workers', 'cacheDir', 'limitMinutes',
  'onProgress', 'signal',
] as const satisfies ReadonlyArray<keyof EvaluateOptions>;
const checks: OptionChecks = new OptionChecks('evaluate');

/** Checks all options before any work begins. @throws L2OError `UNKNOWN_OPTION`, `INVALID_ARGUMENT` or `INVALID_THETA`. */
export function checkEvaluateOptions(options: unknown): EvaluateSettings {
  const given = checks.names(options, NAMES);
  const integer = (name: (typeof NAMES)[number], fallback: number, min: number, max: number): number =>
    checks.number(name, given[name] ?? fallback, {integer: true, min, max}, `Leave it out for ${fallback}.`);
  const {recipe, sensitivity = true, onProgress = (): void => undefined, signal} = given, workers = integer('workers', 0, 0, 1024);
  if (recipe !== undefined && typeof recipe !== 'string') checks.reject('recipe must be a string', recipe, 'Pass its hash.');
  if (typeof sensitivity !== 'boolean') checks.reject('sensitivity must be true or false', sensitivity, 'Leave it out for true.');
  if (typeof onProgress !== 'function') checks.reject('onProgress must be a function', onProgress, 'For example onProgress: p => console.log(p.tasksDone).');
  if (signal !== undefined && !(signal instanceof AbortSignal)) checks.reject('signal must be an AbortSignal', signal, 'Pass the signal of an AbortController.');
  return {
    suite: checkSuite(given.suite, workers), theta: checkWeights(given.theta), recipe, tasks: checkList('tasks', given.tasks),
    baselines: (checkList('baselines', given.baselines) ?? BASELINES).map(name => checks.oneOf('each of baselines', name, BASELINES, 'Leave them out for all.')),
    peers: checkPeers(given.peers),
    numSeeds: integer('numSeeds', 5, 1, 100), numTuningSeeds: integer('numTuningSeeds', 2, 1, 100), sensitivity, workers,
    cacheDir: checkFolder(given.cacheDir),
    limitMinutes: checks.number('limitMinutes', given.limitMinutes ?? Infinity, {above: 0, infinite: true}, 'Leave it out for no limit.'),
    onProgress: onProgress as EvaluateSettings['onProgress'], signal,
  };
}

function checkSuite(value: unknown, workers: number): Suite | string {
  if (value instanceof URL || (typeof value === 'string' && value !== '')) return moduleUrl(value);
  if (typeof value !== 'object' || value === null || isTaskFamily(value)) {
    return checks.reject('suite must be a suite, or URL or path of a module with one as default export', value, 'See the interface Suite: {name, tasks}.');
  }
  if (workers === 0) return value as Suite;
  return checks.reject('suite must be URL or path of a module where workers > 0', `an object with workers: ${workers}`, 'Functions do not cross to a worker: export the suite by default from a module of its own, or use workers: 0.');
}

function checkWeights(value: unknown): Theta {
  if (value === undefined) return defaultTheta();
  if (value instanceof Float32Array) return makeTheta(value);
  if (typeof value === 'object' && value !== null) return checkTheta(value as Theta);
  return checks.reject('theta must be a Theta or a Float32Array', value, 'Leave it out for the theta that ships with the package.');
}

function checkList(name: 'tasks' | 'baselines', value: unknown): readonly string[] | undefined {
  if (value === undefined || (Array.isArray(value) && value.every(entry => typeof entry === 'string'))) return value;
  return checks.reject(`${name} must be a list of names`, value, 'Leave it out for all.');
}

function checkPeers(value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every(entry => entry instanceof URL || (typeof entry === 'string' && entry !== ''))) return (value as Array<URL | string>).map(moduleUrl);
  return checks.reject('peers must be a list of URLs or paths of modules', value, 'Leave it out for none.');
}

function checkFolder(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const {paths, urls} = node('cacheDir', 'evaluate');
  if (value instanceof URL && value.protocol === 'file:') return urls.fileURLToPath(value);
  if (typeof value === 'string' && value !== '') return value.startsWith('file://') ? urls.fileURLToPath(value) : paths.resolve(value);
  return checks.reject('cacheDir must be the path of a folder', value, 'For example cacheDir: "runs/evaluation".');
}
