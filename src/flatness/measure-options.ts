import {OptionChecks} from '../option-checks.js';
import {DEFAULT_DIFFERENCE_RADIUS, PERTURBATION_SCALINGS, type PerturbationScaling} from './neighbourhood.js';

/** The measures. */
export const MEASURES = ['localEntropy', 'hessianTrace', 'hessianNorm', 'sharpness'] as const;
/** Name of a measure. */
export type MeasureName = (typeof MEASURES)[number];

/** Options that all measures have. */
interface Scaled {
  /** What perturbations are relative to. Default `'tensor'`, each tensor's RMS, so that rescaling layers changes nothing. */
  readonly scaling?: PerturbationScaling;
}

/** Options of the measures by differences of gradients. */
interface Differenced extends Scaled {
  /** Length of the differences' steps over that of the parameter vector, above 0 and at most 1. Default 0.003, which suits float32. */
  readonly differenceRadius?: number;
}

/** −log E exp(−(f(θ+z) − f(θ))) over Gaussian perturbations. */
export interface LocalEntropyOptions extends Scaled {
  readonly measure: 'localEntropy';
  /** γ > 0, one over the variance of the perturbations. Default 400: a twentieth, of each tensor's RMS where it is scaled. */
  readonly gamma?: number;
  /** Losses at perturbed parameters, an antithetic pair being two: a multiple of twice `steps`. Default 8, or twice `steps` where that is more. */
  readonly samples?: number;
  /** Langevin steps each sample comes out of. Default 1: the exact Gaussian identity. */
  readonly steps?: number;
}

/** The trace of the Hessian; as a penalty without its sign. */
export interface HessianTraceOptions extends Differenced {
  readonly measure: 'hessianTrace';
  /** What the penalty is: √E‖Hv‖² (`'norm'`, the default) or |trace|. */
  readonly penalty?: 'norm' | 'absolute';
  /** Gradients at perturbed parameters, two a probe: even. Default 2. */
  readonly samples?: number;
}

/** The norm of the Hessian. */
export interface HessianNormOptions extends Differenced {
  readonly measure: 'hessianNorm';
  /** max |λ| by Lanczos' method (`'spectral'`, the default) or √E‖Hv‖² (`'frobenius'`). */
  readonly norm?: 'spectral' | 'frobenius';
  /** Gradients at perturbed parameters, two an iteration or probe: even. Default 10 for the spectral norm, 2 for the other. */
  readonly samples?: number;
}

/** How much the loss rises nearby. */
export interface SharpnessOptions extends Scaled {
  readonly measure: 'sharpness';
  /** The worst case over the ball (`'worst'`, the default, as in sharpness-aware minimization), or the mean over it. */
  readonly over?: 'worst' | 'mean';
  /** Radius of the ball, > 0, in the coordinates of the scaling. Default: 5 % of the parameter vector's length in them. */
  readonly radius?: number;
  /** Losses at perturbed parameters, of the mean: even. Default 4. */
  readonly samples?: number;
}

/** A measure and its options. */
export type FlatnessMeasure = LocalEntropyOptions | HessianTraceOptions | HessianNormOptions | SharpnessOptions;

/** A measure with every default filled in, save the radius of sharpness, which depends on the parameters. */
export type ResolvedMeasure =
  | Required<LocalEntropyOptions>
  | Required<HessianTraceOptions>
  | Required<HessianNormOptions>
  | (Omit<Required<SharpnessOptions>, 'radius'> & Pick<SharpnessOptions, 'radius'>);

const NAMES: Readonly<Record<MeasureName, readonly string[]>> = {
  localEntropy: ['gamma', 'samples', 'steps', 'scaling'],
  hessianTrace: ['penalty', 'samples', 'scaling', 'differenceRadius'],
  hessianNorm: ['norm', 'samples', 'scaling', 'differenceRadius'],
  sharpness: ['over', 'radius', 'samples', 'scaling'],
};
const MAX_SAMPLES = 1e7;
/** As many penalties' samples as a gradient step can bear. */
const ENTROPY_SAMPLES = 8;

/**
 * Checks a measure's options and fills in the defaults.
 *
 * @param caller For errors.
 * @param others Names of entries of the same object that are not the measure's.
 * @throws L2OError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`.
 */
export function resolveMeasure(caller: string, options: unknown, others: readonly string[] = []): ResolvedMeasure {
  const checks = new OptionChecks(caller);
  const {measure: name} = checks.names(options, everyName(others));
  const measure = checks.oneOf('measure', name, MEASURES, 'Name the flatness measure.');
  const given: Readonly<Record<string, unknown>> = checks.names<string>(options, ['measure', ...NAMES[measure], ...others], `options of ${measure}`);
  const even = (fallback: number, unit = 2): number => {
    const value = checks.number('samples', given.samples ?? fallback, {min: unit, max: MAX_SAMPLES, integer: true}, 'An antithetic pair is two samples.');
    return value % unit === 0 ? value : checks.reject(`samples must be a multiple of ${unit}`, value, 'An antithetic pair is two samples, each of `steps` points.');
  };
  const scaling = checks.oneOf('scaling', given.scaling ?? 'tensor', PERTURBATION_SCALINGS, 'Perturb relative to each tensor unless the scale of the parameters means something.');
  const positive = (option: string, fallback: number | undefined, max?: number): number | undefined => {
    const value = given[option] ?? fallback;
    return value === undefined ? undefined : checks.number(option, value, {above: 0, ...(max !== undefined && {max})}, 'It is a length, or one over a variance.');
  };
  switch (measure) {
    case 'localEntropy': {
      const steps = checks.number('steps', given.steps ?? 1, {min: 1, max: 1e4, integer: true}, '1 is the Gaussian identity.');
      return {measure, gamma: positive('gamma', 400)!, steps, samples: even(Math.ceil(ENTROPY_SAMPLES / (2 * steps)) * 2 * steps, 2 * steps), scaling};
    }
    case 'hessianTrace': {
      const penalty = checks.oneOf('penalty', given.penalty ?? 'norm', ['norm', 'absolute'], 'The signed trace would reward negative curvature.');
      return {measure, penalty, samples: even(2), scaling, differenceRadius: positive('differenceRadius', DEFAULT_DIFFERENCE_RADIUS, 1)!};
    }
    case 'hessianNorm': {
      const norm = checks.oneOf('norm', given.norm ?? 'spectral', ['spectral', 'frobenius'], 'The spectral norm is the largest |eigenvalue|.');
      return {measure, norm, samples: even(norm === 'spectral' ? 10 : 2), scaling, differenceRadius: positive('differenceRadius', DEFAULT_DIFFERENCE_RADIUS, 1)!};
    }
    case 'sharpness': {
      const over = checks.oneOf('over', given.over ?? 'worst', ['worst', 'mean'], 'The worst case is that of sharpness-aware minimization.');
      const radius = positive('radius', undefined);
      return {measure, over, samples: even(4), scaling, ...(radius !== undefined && {radius})};
    }
  }
}

function everyName(others: readonly string[]): string[] {
  return [...new Set(['measure', ...Object.values(NAMES).flat(), ...others])];
}
