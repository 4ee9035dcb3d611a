import {L2OError} from '../../errors.js';
import {PERTURBATION_SCALINGS, type PerturbationScaling} from '../../flatness/neighbourhood.js';
import type {MeasureFlatnessOptions} from '../../flatness/measure-flatness-options.js';
import type {BackendName} from '../args.js';
import {integerFlag, nameFlag, positiveFlag, type Flags} from '../flags.js';

/** What `measureFlatness` is asked for. */
type FlatnessFlagOptions = Readonly<Required<Pick<MeasureFlatnessOptions, 'samples' | 'gamma' | 'entropySteps' | 'hessian' | 'seed' | 'batchSize'>>> &
  Readonly<Pick<MeasureFlatnessOptions, 'radius'>> & {readonly scaling: PerturbationScaling};

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
  readonly measures: FlatnessFlagOptions;
  /** Path of the report. */
  readonly out: string;
}

/** Values of flags left out. */
export const FLATNESS_DEFAULTS = {scaling: 'tensor', samples: 64, gamma: 400, entropySteps: 1, hessian: 'differences', seed: 0, batchSize: 512, out: 'tfjs-l2o-flatness.html'} as const;

/** The flags of `tfjs-l2o flatness`. */
export const FLATNESS_FLAGS = {
  'json': {type: 'boolean'}, 'backend': {type: 'string'}, 'loss': {type: 'string'}, 'scaling': {type: 'string'}, 'samples': {type: 'string'},
  'gamma': {type: 'string'}, 'entropy-steps': {type: 'string'}, 'radius': {type: 'string'}, 'hessian': {type: 'string'}, 'seed': {type: 'string'}, 'batch-size': {type: 'string'}, 'out': {type: 'string'}, 'help': {type: 'boolean', short: 'h'},
} as const satisfies Flags;

const MAX_SEED = 2 ** 32 - 1, MAX_SAMPLES = 1_000_000, MAX_BATCH = 1_000_000, MAX_STEPS = 10_000;

/** Reads the flags. @param backends Names of all backends. @throws L2OError 'INVALID_ARGUMENT'. */
export function flatnessOptions(model: string, data: string, flags: ReadonlyMap<string, string>, backends: readonly BackendName[]): FlatnessCommandOptions {
  const integer = (name: string, fallback: number, min: number, max: number): number => integerFlag(name, flags.get(name) ?? `${fallback}`, min, max);
  const backend = flags.get('backend'), out = flags.get('out') ?? FLATNESS_DEFAULTS.out, radius = flags.get('radius');
  if (out === '') throw new L2OError('INVALID_ARGUMENT', '--out takes the path of the report to write, got nothing.');
  const samples = integer('samples', FLATNESS_DEFAULTS.samples, 4, MAX_SAMPLES), entropySteps = integer('entropy-steps', FLATNESS_DEFAULTS.entropySteps, 1, MAX_STEPS);
  if (samples % (2 * entropySteps) !== 0) {
    const what = entropySteps === 1 ? 'an even number, an antithetic pair being two' : `a multiple of ${2 * entropySteps}, twice --entropy-steps`;
    throw new L2OError('INVALID_ARGUMENT', `--samples takes ${what}, got '${samples}'.`);
  }
  return {
    model, data, json: flags.has('json'), backend: backend === undefined ? undefined : nameFlag('backend', backend, backends), loss: flags.get('loss'), out,
    measures: {
      scaling: nameFlag('scaling', flags.get('scaling') ?? FLATNESS_DEFAULTS.scaling, PERTURBATION_SCALINGS), samples,
      gamma: positiveFlag('gamma', flags.get('gamma') ?? `${FLATNESS_DEFAULTS.gamma}`), entropySteps,
      ...(radius !== undefined && {radius: positiveFlag('radius', radius)}),
      hessian: nameFlag('hessian', flags.get('hessian') ?? FLATNESS_DEFAULTS.hessian, ['differences', 'exact']),
      seed: integer('seed', FLATNESS_DEFAULTS.seed, 0, MAX_SEED), batchSize: integer('batch-size', FLATNESS_DEFAULTS.batchSize, 1, MAX_BATCH),
    },
  };
}
