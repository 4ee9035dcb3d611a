import {availableParallelism} from 'node:os';
import {L2OError} from '../../errors.js';
import {BASELINES, type BaselineKind} from '../../evaluation/optimizers.js';
import {integerFlag, nameFlag, type Flags} from '../flags.js';

/** What `tfjs-l2o evaluate` was asked for. */
export interface EvaluateCommandOptions {
  /** Name of a built-in suite, or path or URL of a module. */
  readonly suite: string;
  /** Prints the result as JSON instead of tables. */
  readonly json: boolean;
  /** Path or URL of a theta file; undefined: the shipped one. */
  readonly theta: string | undefined;
  /** Files that make up theta's recipe. */
  readonly recipe: readonly string[];
  /** Paths or URLs of modules. */
  readonly peers: readonly string[];
  readonly tasks: readonly string[] | undefined;
  readonly baselines: readonly BaselineKind[] | undefined;
  readonly seeds: number;
  readonly workers: number;
  readonly cache: string;
  readonly limitMinutes: number | undefined;
  /** Path of the result as JSON; undefined: none. */
  readonly out: string | undefined;
  readonly report: string;
  /** Path of the log that the result is appended to; undefined: none. */
  readonly log: string | undefined;
}

/** Values of flags left out. */
export const EVALUATE_DEFAULTS = {seeds: 5, cache: 'runs/evaluation', report: 'tfjs-l2o-evaluation.html'} as const;

/** The flags of `tfjs-l2o evaluate`. */
export const EVALUATE_FLAGS = {
  'json': {type: 'boolean'}, 'theta': {type: 'string'}, 'recipe': {type: 'string'}, 'peers': {type: 'string'}, 'tasks': {type: 'string'},
  'baselines': {type: 'string'}, 'seeds': {type: 'string'}, 'workers': {type: 'string'}, 'cache': {type: 'string'}, 'limit-minutes': {type: 'string'},
  'out': {type: 'string'}, 'report': {type: 'string'}, 'log': {type: 'string'}, 'help': {type: 'boolean', short: 'h'},
} as const satisfies Flags;

const MAX_SEEDS = 100, MAX_WORKERS = 1024, MAX_MINUTES = 100_000;

/** Reads the flags. @throws L2OError 'INVALID_ARGUMENT'. */
export function evaluateOptions(suite: string, flags: ReadonlyMap<string, string>): EvaluateCommandOptions {
  const integer = (name: string, fallback: number, min: number, max: number): number => integerFlag(name, flags.get(name) ?? `${fallback}`, min, max);
  const list = (name: string, separator = ','): string[] | undefined => flags.get(name)?.split(separator).map(entry => entry.trim()).filter(entry => entry !== '');
  const path = (name: string, what: string): string | undefined => {
    const value = flags.get(name);
    if (value === '') throw new L2OError('INVALID_ARGUMENT', `--${name} takes the path of ${what}, got nothing.`);
    return value;
  };
  const minutes = flags.get('limit-minutes'), log = path('log', 'the log to append to');
  if (/(^|\/)unseen(\.[jt]s)?$/.test(suite) && log === undefined) {
    throw new L2OError('INVALID_ARGUMENT', "The suite 'unseen' is a judge, not a guide: every run of it is logged. Pass --log FILE, or choose by 'validation'.");
  }
  return {
    suite, json: flags.has('json'), theta: path('theta', 'a theta file'), recipe: list('recipe') ?? [], peers: list('peers') ?? [], tasks: list('tasks', ';'),
    baselines: list('baselines')?.map(name => nameFlag('baselines', name, BASELINES)),
    seeds: integer('seeds', EVALUATE_DEFAULTS.seeds, 1, MAX_SEEDS), workers: integer('workers', availableParallelism(), 0, MAX_WORKERS),
    cache: path('cache', 'the folder of finished runs') ?? EVALUATE_DEFAULTS.cache,
    limitMinutes: minutes === undefined ? undefined : integerFlag('limit-minutes', minutes, 1, MAX_MINUTES),
    out: path('out', 'the result to write'), report: path('report', 'the report to write') ?? EVALUATE_DEFAULTS.report, log,
  };
}
