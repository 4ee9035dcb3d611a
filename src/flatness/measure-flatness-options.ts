import {OptionChecks} from '../option-checks.js';
import type {LandscapeSettings} from './loss-landscape.js';
import {DEFAULT_DIFFERENCE_RADIUS, PERTURBATION_SCALINGS, type PerturbationScaling} from './neighbourhood.js';
import type {SpectralDensitySettings} from './spectral-density.js';

/** How far `measureFlatness` is. */
export interface FlatnessProgress {
  readonly phase: string;
  readonly stepsDone: number;
  readonly stepsTotal: number;
}

/** Options of `measureFlatness`. All are optional. */
export interface MeasureFlatnessOptions {
  /** What perturbations are relative to. Default `'tensor'`, each tensor's RMS; the Hessian is that in these coordinates. */
  readonly scaling?: PerturbationScaling;
  /** Losses or gradients at perturbed weights for each measure, an antithetic pair being two: even, ≥ 4; of the worst sharpness at most 16. Default 64. */
  readonly samples?: number;
  /** γ > 0 of the local entropy, one over the variance of its perturbations. Default 400. */
  readonly gamma?: number;
  /** Langevin steps each sample of the local entropy comes out of, for where Gaussian samples are worth too little. Default 1: none. `samples` must be a multiple of twice as many. */
  readonly entropySteps?: number;
  /** Radius of both sharpnesses, > 0, in the coordinates of the scaling. Default: 5 % of the parameter vector's length in them. */
  readonly radius?: number;
  /** Hessian-vector products by differences of gradients (the default), or exact, after `enableHigherOrderGradients()`. */
  readonly hessian?: 'differences' | 'exact';
  /** Length of the differences' steps over that of the parameter vector. Default 0.003. */
  readonly differenceRadius?: number;
  /** The spectral density: `probes` (default 4) starts of `iterations` (default 40) each; `false` leaves it out. */
  readonly spectrum?: Partial<SpectralDensitySettings> | false;
  /** The landscape: `points` (default 21) a side, to ± `extent` (default 1); `false` leaves it out. */
  readonly landscape?: Partial<LandscapeSettings> | false;
  /** Examples evaluated at once; all of them count. Default 512. */
  readonly batchSize?: number;
  /** An integer from 0 to 2³² − 1. Same seed, same report. Default 0. */
  readonly seed?: number;
  /** Called before each piece of work. */
  readonly onProgress?: (progress: FlatnessProgress) => void;
}

/** With every default filled in, save the radius, which depends on the weights. */
export type MeasureFlatnessSettings = Required<Omit<MeasureFlatnessOptions, 'radius' | 'onProgress' | 'spectrum' | 'landscape'>> &
  Pick<MeasureFlatnessOptions, 'radius' | 'onProgress'> & {readonly spectrum: SpectralDensitySettings | undefined; readonly landscape: LandscapeSettings | undefined};

const NAMES = [
  'scaling', 'samples', 'gamma', 'entropySteps', 'radius', 'hessian', 'differenceRadius', 'spectrum', 'landscape', 'batchSize', 'seed', 'onProgress',
] as const satisfies readonly (keyof MeasureFlatnessOptions)[];
const MAX_SAMPLES = 1e7, MAX_ITERATIONS = 300, MAX_POINTS = 501;

/** Checks the options and fills in the defaults. @throws L2OError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`. */
export function resolveMeasureFlatness(caller: string, options: unknown): MeasureFlatnessSettings {
  const checks = new OptionChecks(caller), given = checks.names(options, NAMES);
  const samples = checks.number('samples', given.samples ?? 64, {min: 4, max: MAX_SAMPLES, integer: true}, 'An antithetic pair is two samples.');
  const entropySteps = checks.number('entropySteps', given.entropySteps ?? 1, {min: 1, max: 1e4, integer: true}, '1 is the Gaussian identity.');
  if (samples % (2 * entropySteps) !== 0) checks.reject(`samples must be a multiple of ${2 * entropySteps}`, samples, 'An antithetic pair is two samples, each of entropySteps points.');
  const {onProgress} = given;
  if (onProgress !== undefined && typeof onProgress !== 'function') checks.reject('onProgress must be a function', onProgress, 'It is called with {phase, stepsDone, stepsTotal}.');
  return {
    scaling: checks.oneOf('scaling', given.scaling ?? 'tensor', PERTURBATION_SCALINGS, "Use 'plain' for the Hessian of the weights themselves."),
    samples, entropySteps,
    gamma: checks.number('gamma', given.gamma ?? 400, {above: 0}, 'It is one over the variance of the perturbations.'),
    hessian: checks.oneOf('hessian', given.hessian ?? 'differences', ['differences', 'exact'], 'Differences need nothing else.'),
    differenceRadius: checks.number('differenceRadius', given.differenceRadius ?? DEFAULT_DIFFERENCE_RADIUS, {above: 0, max: 1}, 'It is relative to the length of the weights.'),
    batchSize: checks.number('batchSize', given.batchSize ?? 512, {min: 1, integer: true}, 'It is the number of examples evaluated at once.'),
    seed: checks.number('seed', given.seed ?? 0, {min: 0, max: 2 ** 32 - 1, integer: true}, 'The same seed gives the same report.'),
    spectrum: spectrumOf(checks, given.spectrum), landscape: landscapeOf(checks, given.landscape),
    ...(given.radius !== undefined && {radius: checks.number('radius', given.radius, {above: 0}, 'It is a length.')}),
    ...(onProgress !== undefined && {onProgress: onProgress as NonNullable<MeasureFlatnessOptions['onProgress']>}),
  };
}

function spectrumOf(checks: OptionChecks, options: unknown = {}): SpectralDensitySettings | undefined {
  if (options === false) return undefined;
  const given = checks.names(options, ['probes', 'iterations'], 'entries of spectrum');
  return {
    probes: checks.number('spectrum.probes', given.probes ?? 4, {min: 1, max: MAX_SAMPLES, integer: true}, 'Pass spectrum: false to leave it out.'),
    iterations: checks.number('spectrum.iterations', given.iterations ?? 40, {min: 1, max: MAX_ITERATIONS, integer: true}, 'Each costs two gradients.'),
  };
}

function landscapeOf(checks: OptionChecks, options: unknown = {}): LandscapeSettings | undefined {
  if (options === false) return undefined;
  const given = checks.names(options, ['points', 'extent'], 'entries of landscape');
  const points = checks.number('landscape.points', given.points ?? 21, {min: 3, max: MAX_POINTS, integer: true}, 'Its square is the number of losses.');
  if (points % 2 === 0) checks.reject('landscape.points must be odd', points, 'So the weights themselves are one of the points.');
  return {points, extent: checks.number('landscape.extent', given.extent ?? 1, {above: 0}, '1 is as far as each filter is long.')};
}
