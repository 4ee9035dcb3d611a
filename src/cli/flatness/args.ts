import {L2OError} from '../../errors.js';
import {PERTURBATION_SCALINGS, type PerturbationScaling} from '../../flatness/neighbourhood.js';
import type {BackendName} from '../args.js';
import {integerFlag, nameFlag, type Flags} from '../flags.js';

/** What `tfjs-l2o flatness` was asked for. */
export interface FlatnessCommandOptions {
  /** Folder of a saved Layers model, or its model.json. */
  readonly model: string;
  /** JSON file of inputs and targets. */
  readonly data: string;
  /** Prints one JSON object instead of the table. */
  readonly json: boolean;
  /** Undefined: wasm where its package is installed, else cpu. */
  readonly backend: BackendName | undefined;
  /** Undefined: as the model was saved. */
  readonly loss: string | undefined;
  readonly scaling: PerturbationScaling;
  readonly samples: number;
  readonly gamma: number;
  readonly seed: number;
  readonly batchSize: number;
  /** Path of the report. */
  readonly out: string;
}

/** Values of flags left out. */
export const FLATNESS_DEFAULTS = {scaling: 'tensor', samples: 64, gamma: 400, seed: 0, batchSize: 512, out: 'tfjs-l2o-flatness.html'} as const;

/** The flags of `tfjs-l2o flatness`. */
export const FLATNESS_FLAGS = {
  'json': {type: 'boolean'}, 'backend': {type: 'string'}, 'loss': {type: 'string'}, 'scaling': {type: 'string'}, 'samples': {type: 'string'},
  'gamma': {type: 'string'}, 'seed': {type: 'string'}, 'batch-size': {type: 'string'}, 'out': {type: 'string'}, 'help': {type: 'boolean', short: 'h'},
} as const satisfies Flags;

const MAX_SEED = 2 ** 32 - 1, MAX_SAMPLES = 1_000_000, MAX_BATCH = 1_000_000;

/** Reads the flags. @param backends Names of all backends. @throws L2OError 'INVALID_ARGUMENT'. */
export function flatnessOptions(model: string, data: string, flags: ReadonlyMap<string, string>, backends: readonly BackendName[]): FlatnessCommandOptions {
  const integer = (name: string, fallback: number, min: number, max: number): number => integerFlag(name, flags.get(name) ?? `${fallback}`, min, max);
  const backend = flags.get('backend'), out = flags.get('out') ?? FLATNESS_DEFAULTS.out, gamma = Number(flags.get('gamma') ?? FLATNESS_DEFAULTS.gamma);
  if (out === '') throw new L2OError('INVALID_ARGUMENT', '--out takes the path of the report to write, got nothing.');
  if (!(gamma > 0 && Number.isFinite(gamma))) throw new L2OError('INVALID_ARGUMENT', `--gamma takes a number above 0, got '${flags.get('gamma') ?? ''}'.`);
  const samples = integer('samples', FLATNESS_DEFAULTS.samples, 4, MAX_SAMPLES);
  if (samples % 2 !== 0) throw new L2OError('INVALID_ARGUMENT', `--samples takes an even number, an antithetic pair being two, got '${samples}'.`);
  return {
    model, data, json: flags.has('json'), backend: backend === undefined ? undefined : nameFlag('backend', backend, backends), loss: flags.get('loss'),
    scaling: nameFlag('scaling', flags.get('scaling') ?? FLATNESS_DEFAULTS.scaling, PERTURBATION_SCALINGS), samples, gamma,
    seed: integer('seed', FLATNESS_DEFAULTS.seed, 0, MAX_SEED), batchSize: integer('batch-size', FLATNESS_DEFAULTS.batchSize, 1, MAX_BATCH), out,
  };
}
