import {parseArgs} from 'node:util';
import {L2OError} from '../errors.js';
import {nearestName} from '../nearest-name.js';

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

/** What a command line asks for. */
export type Command =
  | {readonly kind: 'help'; readonly topic: 'overview' | 'demo'}
  | {readonly kind: 'version'}
  | {readonly kind: 'demo'; readonly options: DemoOptions};

/**
 * Values of flags left out. The horizon is one at which grid-tuned Adam is not done, so that optimizers can differ: on
 * the digits it ended, by seed, at a training loss of 0.06 to 0.08 after 150 steps, 0.02 to 0.07 after 300 and 0.003 to
 * 0.02 after 600.
 */
export const DEMO_DEFAULTS = {seed: 1, steps: 300, dataset: 'digits', out: 'tfjs-l2o-demo.html'} as const;

const COMMANDS = ['demo'] as const;
const OVERVIEW_FLAGS = {help: {type: 'boolean', short: 'h'}, version: {type: 'boolean'}} as const;
const DEMO_FLAGS = {
  json: {type: 'boolean'},
  seed: {type: 'string'},
  steps: {type: 'string'},
  backend: {type: 'string'},
  dataset: {type: 'string'},
  out: {type: 'string'},
  help: {type: 'boolean', short: 'h'},
} as const;
const MAX_SEED = 2 ** 32 - 1;
const MAX_STEPS = 100_000;

type Flags = Readonly<Record<string, {readonly type: 'boolean' | 'string'; readonly short?: string}>>;

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
    const flags = readFlags(args, OVERVIEW_FLAGS, 'tfjs-l2o');
    return flags.has('version') && !flags.has('help') ? {kind: 'version'} : {kind: 'help', topic: 'overview'};
  }
  if (first !== 'demo') throw new L2OError('INVALID_ARGUMENT', unknownName('command', first, COMMANDS, 'tfjs-l2o'));
  const flags = readFlags(rest, DEMO_FLAGS, 'tfjs-l2o demo');
  if (flags.has('help')) return {kind: 'help', topic: 'demo'};
  const backend = flags.get('backend'), dataset = flags.get('dataset') ?? DEMO_DEFAULTS.dataset;
  const out = flags.get('out') ?? DEMO_DEFAULTS.out;
  if (out === '') throw new L2OError('INVALID_ARGUMENT', '--out takes the path of the report to write, got nothing.');
  return {
    kind: 'demo',
    options: {
      json: flags.has('json'),
      seed: integerFlag('seed', flags.get('seed') ?? `${DEMO_DEFAULTS.seed}`, 0, MAX_SEED),
      steps: integerFlag('steps', flags.get('steps') ?? `${DEMO_DEFAULTS.steps}`, 1, MAX_STEPS),
      backend: backend === undefined ? undefined : nameFlag('backend', backend, BACKENDS),
      dataset: nameFlag('dataset', dataset, DATASETS),
      out,
    },
  };
}

/** Flags given, each with its value ('' for those that take none). */
function readFlags(args: readonly string[], flags: Flags, command: string): Map<string, string> {
  // Not strict: node's own errors know no nearest names.
  const {tokens} = parseArgs({args: [...args], options: flags, strict: false, tokens: true});
  const given = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'positional') {
      throw new L2OError('INVALID_ARGUMENT', `${command} takes no argument '${token.value}'. Run ${command} --help for its flags.`);
    }
    if (token.kind !== 'option') continue;
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
    if (flag === undefined) {
      const names = Object.keys(flags).map((name) => `--${name}`);
      throw new L2OError('UNKNOWN_OPTION', unknownName('flag', token.rawName, names, command));
    }
    const takesValue = flag.type === 'string';
    if (takesValue && (token.value === undefined || (!token.inlineValue && token.value.startsWith('--')))) {
      throw new L2OError('INVALID_ARGUMENT', `--${token.name} needs a value. Run ${command} --help for its flags.`);
    }
    if (!takesValue && token.value !== undefined) {
      throw new L2OError('INVALID_ARGUMENT', `--${token.name} takes no value, got '${token.value}'.`);
    }
    given.set(token.name, token.value ?? '');
  }
  return given;
}

function integerFlag(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || value < min || value > max) {
    throw new L2OError('INVALID_ARGUMENT', `--${name} takes an integer from ${min} to ${max}, got '${text}'.`);
  }
  return value;
}

function nameFlag<Name extends string>(name: string, text: string, names: readonly Name[]): Name {
  const found = names.find((candidate) => candidate === text);
  if (found !== undefined) return found;
  const nearest = nearestName(text, names);
  const hint = nearest === undefined ? '' : ` Did you mean '${nearest}'?`;
  throw new L2OError('INVALID_ARGUMENT', `--${name} takes one of ${names.join(', ')}, got '${text}'.${hint}`);
}

function unknownName(what: string, name: string, names: readonly string[], command: string): string {
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? '' : ` Did you mean '${nearest}'?`;
  return `${command} has no ${what} '${name}'.${hint} Run ${command} --help for all of them.`;
}
