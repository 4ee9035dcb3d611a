import {L2OError} from '../errors.js';

/** The derivative of a meta-objective with respect to the step size, at a step size. */
export type StepSizeGradient = (stepSize: number) => number;

/** Settings of {@link metaDescent}. */
export interface MetaDescentOptions {
  /** η₀, finite and ≥ 0. */
  readonly initialStepSize: number;
  /** An integer ≥ 0. */
  readonly numMetaSteps: number;
  /** Meta-step k = 1, 2, … moves by `metaRate / √k` times the meta-gradient. Default 0.01, the paper's. */
  readonly metaRate?: number;
}

/** What {@link metaDescent} did. */
export interface MetaDescentResult {
  /** The step size before the first meta-step and after each one that could be made. */
  readonly stepSizes: readonly number[];
  /** The meta-step, from 1, whose meta-gradient was infinite or NaN and ended the descent. */
  readonly nonFiniteAt?: number;
}

/**
 * Gradient descent on a step size: η ← max(0, η − metaRate/√k · F'(η)).
 *
 * @returns The whole path. It ends early where the meta-gradient is not finite, and says so.
 * @throws L2OError `INVALID_ARGUMENT`.
 * @see Wang, Yuan, Wu, Ge (2021), arXiv 2006.16495, section 4.
 */
export function metaDescent(gradientAt: StepSizeGradient, {initialStepSize, numMetaSteps, metaRate = 0.01}: MetaDescentOptions): MetaDescentResult {
  if (!(initialStepSize >= 0 && initialStepSize < Infinity)) {
    throw new L2OError('INVALID_ARGUMENT', `metaDescent: initialStepSize must be finite and ≥ 0, got ${initialStepSize}. Pass a step size such as 0.1.`);
  }
  const stepSizes = [initialStepSize];
  for (let k = 1, stepSize = initialStepSize; k <= numMetaSteps; k++) {
    const gradient = gradientAt(stepSize);
    if (!Number.isFinite(gradient)) return {stepSizes, nonFiniteAt: k};
    stepSize = Math.max(0, stepSize - (metaRate / Math.sqrt(k)) * gradient);
    stepSizes.push(stepSize);
  }
  return {stepSizes};
}

/** Doublings after which {@link bisectStepSize} stops looking for a step size that is too large. */
const MAX_DOUBLINGS = 200;

/**
 * The step size where the meta-gradient changes from negative to positive, by halving an interval: for objectives with a
 * single minimum, such as (1/t)·log f of gradient descent on a quadratic, it needs no meta-rate.
 *
 * @param guess Any step size > 0; it is doubled until the meta-gradient is positive.
 * @param tolerance Width at which to stop, relative to the step size. Default 1e-9.
 * @throws L2OError `NON_FINITE` where no step size is too large, or the meta-gradient is NaN.
 */
export function bisectStepSize(gradientAt: StepSizeGradient, guess: number, tolerance = 1e-9): number {
  let low = 0, high = guess;
  for (let i = 0; !(gradientAt(high) > 0); i++) {
    if (i === MAX_DOUBLINGS || Number.isNaN(gradientAt(high))) {
      throw new L2OError('NON_FINITE', `bisectStepSize: expected a meta-gradient that turns positive, got none from ${guess} to ${high}. Check that too large a step size raises the loss.`);
    }
    low = high;
    high *= 2;
  }
  while (high - low > tolerance * high) {
    const middle = (low + high) / 2;
    if (gradientAt(middle) > 0) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}
