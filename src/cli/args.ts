import {L2OError} from '../errors.js';
import {EVALUATE_FLAGS, evaluateOptions, type EvaluateCommandOptions} from './evaluate/args.js';
import {FLATNESS_FLAGS, flatnessOptions, type FlatnessCommandOptions} from './flatness/args.js';
import {integerFlag, nameFlag, readFlags, unknownName, type Flags} from './flags.js';

/** The backends the demo can train on. */
export const BACKENDS = ['cpu', 'wasm', 'node'] as const;
/** The data sets the demo can train on. */
export const DATASETS = ['digits', 'fashion-mnist'] as const;
/** One of {@link BACKENDS}. */
export type BackendName = (typeof BACKENDS)[number];
/** One of {@link DATASETS}. */
export type DatasetName = (typeof DATASETS)[number];

/** What `tfjs-l2o demo` was asked for. */
export interface DemoOptions {
  /** Prints one JSON object instead of the table. */
  readonly json: boolean;
  readonly seed: number;
  /** Training steps of each run. */
  readonly steps: number;
  /** Undefined: wasm where its package is installed, else cpu. */
  readonly backend: BackendName | undefined;
  readonly dataset: DatasetName;
  /** Path of the report. */
  readonly out: string;
}

/** What `tfjs-l2o meta-fit` and `tfjs-l2o resume` were asked for. */
export interface RunOptions {
  readonly json: boolean;
  /** Worker threads; undefined: as the config says. */
  readonly workers: number | undefined;
}

/** What a command line asks for. */
export type Command =
  | {readonly kind: 'help'; readonly topic: HelpTopic}
  | {readonly kind: 'version'}
  | {readonly kind: 'demo'; readonly options: DemoOptions}
  /** `out`: folder of the run; undefined: as the config says. */
  | {readonly kind: 'meta-fit'; readonly config: string; readonly out: string | undefined; readonly options: RunOptions}
  | {readonly kind: 'resume'; readonly folder: string; readonly options: RunOptions}
  | {readonly kind: 'evaluate'; readonly options: EvaluateCommandOptions}
  | {readonly kind: 'flatness'; readonly options: FlatnessCommandOptions}
  | {readonly kind: 'info'; readonly file: string; readonly json: boolean};

/** What help can be had of. */
export type HelpTopic = 'overview' | CommandName;
type CommandName = (typeof COMMANDS)[number];

/**
 * Values of flags left out. The horizon is one at which grid-tuned Adam is not done, so that optimizers can differ: on
 * the digits it ended, by seed, at a training loss of 0.06 to 0.08 after 150 steps, 0.02 to 0.07 after 300 and 0.003 to
 * 0.02 after 600.
 */
export const DEMO_DEFAULTS = {seed: 1, steps: 300, dataset: 'digits', out: 'tfjs-l2o-demo.html'} as const;

const COMMANDS = ['demo', 'evaluate', 'meta-fit', 'resume', 'flatness', 'info'] as const;
const HELP = {help: {type: 'boolean', short: 'h'}} as const;
const OVERVIEW_FLAGS = {...HELP, version: {type: 'boolean'}} as const;
const RUN_FLAGS = {json: {type: 'boolean'}, workers: {type: 'string'}, ...HELP} as const;
/** Flags of each command, and what its one argument is called. */
const COMMAND_FLAGS: Readonly<Record<CommandName, {readonly flags: Flags; readonly argument?: string}>> = {
  'demo': {
    flags: {
      json: {type: 'boolean'}, seed: {type: 'string'}, steps: {type: 'string'}, backend: {type: 'string'}, dataset: {type: 'string'},
      out: {type: 'string'}, ...HELP,
    },
  },
  'evaluate': {flags: EVALUATE_FLAGS, argument: 'SUITE'},
  'meta-fit': {flags: {...RUN_FLAGS, out: {type: 'string'}}, argument: 'CONFIG'},
  'resume': {flags: RUN_FLAGS, argument: 'DIR'},
  'flatness': {flags: FLATNESS_FLAGS, argument: 'MODEL_DIR DATA'},
  'info': {flags: {json: {type: 'boolean'}, ...HELP}, argument: 'FILE'},
};
const MAX_SEED = 2 ** 32 - 1;
const MAX_STEPS = 100_000;
const MAX_WORKERS = 1024;

/**
 * Reads a command line.
 *
 * @param args Without the names of node and of the script.
 * @throws L2OError 'UNKNOWN_OPTION' or 'INVALID_ARGUMENT': nothing was done, and the message names the nearest valid name.
 */
export function parseCommand(args: readonly string[]): Command {
  const [first, ...rest] = args;
  if (first === undefined) return {kind: 'help', topic: 'overview'};
  if (first.startsWith('-')) {
    const {flags} = readFlags(args, OVERVIEW_FLAGS, 'tfjs-l2o');
    return flags.has('version') && !flags.has('help') ? {kind: 'version'} : {kind: 'help', topic: 'overview'};
  }
  const name = COMMANDS.find((command) => command === first);
  if (name === undefined) throw new L2OError('INVALID_ARGUMENT', unknownName('command', first, COMMANDS, 'tfjs-l2o'));
  const {flags: known, argument: expected} = COMMAND_FLAGS[name];
  const {flags, argument, more: [second]} = readFlags(rest, known, `tfjs-l2o ${name}`, expected);
  if (flags.has('help')) return {kind: 'help', topic: name};
  if (name === 'demo') return {kind: name, options: demoOptions(flags)};
  if (argument === undefined || argument === '') {
    throw new L2OError('INVALID_ARGUMENT', `tfjs-l2o ${name} needs its argument ${expected!}. Run tfjs-l2o ${name} --help.`);
  }
  if (name === 'flatness') {
    if (second === undefined || second === '') throw new L2OError('INVALID_ARGUMENT', 'tfjs-l2o flatness needs DATA beside MODEL_DIR. Run tfjs-l2o flatness --help.');
    return {kind: name, options: flatnessOptions(argument, second, flags, BACKENDS)};
  }
  if (name === 'evaluate') return {kind: name, options: evaluateOptions(argument, flags)};
  const json = flags.has('json');
  if (name === 'info') return {kind: name, file: argument, json};
  const workers = flags.get('workers');
  const options: RunOptions = {json, workers: workers === undefined ? undefined : integerFlag('workers', workers, 0, MAX_WORKERS)};
  if (name === 'resume') return {kind: name, folder: argument, options};
  const out = flags.get('out');
  if (out === '') throw new L2OError('INVALID_ARGUMENT', '--out takes the folder of the run, got nothing.');
  return {kind: name, config: argument, out, options};
}

function demoOptions(flags: ReadonlyMap<string, string>): DemoOptions {
  const backend = flags.get('backend'), dataset = flags.get('dataset') ?? DEMO_DEFAULTS.dataset;
  const out = flags.get('out') ?? DEMO_DEFAULTS.out;
  if (out === '') throw new L2OError('INVALID_ARGUMENT', '--out takes the path of the report to write, got nothing.');
  return {
    json: flags.has('json'),
    seed: integerFlag('seed', flags.get('seed') ?? `${DEMO_DEFAULTS.seed}`, 0, MAX_SEED),
    steps: integerFlag('steps', flags.get('steps') ?? `${DEMO_DEFAULTS.steps}`, 1, MAX_STEPS),
    backend: backend === undefined ? undefined : nameFlag('backend', backend, BACKENDS),
    dataset: nameFlag('dataset', dataset, DATASETS),
    out,
  };
}
