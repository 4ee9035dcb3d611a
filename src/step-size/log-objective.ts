import {L2OError} from '../errors.js';

/**
 * A loss and its derivative with respect to a meta-parameter, both kept relative to `exp(logScale)`, so that neither
 * can overflow or underflow.
 */
export interface ScaledLoss {
  /** The loss is `value * exp(logScale)`. */
  readonly value: number;
  /** The derivative is `derivative * exp(logScale)`. */
  readonly derivative: number;
  /** −Infinity says that both are 0. */
  readonly logScale: number;
}

/** A meta-objective and its derivative with respect to the meta-parameter. */
export interface MetaGradient {
  readonly objective: number;
  readonly gradient: number;
}

/** Losses below this size count as 0 unless told otherwise. */
export const DEFAULT_RESOLUTION = 1e-300;

/** From here on `asinh(exp(u))` is `u + log 2` to the last bit. */
const ASYMPTOTE = 20;

/**
 * The (1/t)·log objective of the final loss ℓ after t steps, defined for every ℓ:
 *
 *     F = (asinh(ℓ / 2ε) + log ε) / t,      F' = ℓ' / (t · √(ℓ² + 4ε²))
 *
 * For ℓ ≫ ε it is (1/t)·log ℓ. At ℓ = 0 it is (1/t)·log ε, below that it goes on falling, smoothly and without end. Its
 * derivative is never larger than that of (1/t)·log |ℓ|, so whatever bounds the one bounds the other.
 *
 * Differs from the paper: (1/t)·log ℓ, which has no value for ℓ ≤ 0.
 *
 * @param numSteps t, an integer ≥ 1.
 * @param resolution ε > 0: losses much smaller than it are told apart no more. Default 1e-300; with losses in float32,
 *   choose the smallest one that means anything, such as 1e-30.
 * @throws L2OError `INVALID_ARGUMENT`.
 * @see Wang, Yuan, Wu, Ge (2021), "Guarantees for Tuning the Step Size using a Learning-to-Learn Approach",
 *   arXiv 2006.16495.
 *
 * @example
 * logObjective({value: 0.5, derivative: 2, logScale: 0}, 10).objective; // log(0.5) / 10
 */
export function logObjective(loss: ScaledLoss, numSteps: number, resolution = DEFAULT_RESOLUTION): MetaGradient {
  checkSteps(numSteps);
  if (!(resolution > 0 && resolution < Infinity)) {
    throw new L2OError('INVALID_ARGUMENT', `logObjective: resolution must be a number > 0, got ${resolution}. Pass the smallest loss that means anything.`);
  }
  const {value, derivative, logScale} = loss;
  const logResolution = Math.log(resolution);
  if (value === 0 && derivative === 0 || logScale === -Infinity) return {objective: logResolution / numSteps, gradient: 0};
  const logRatio = Math.log(Math.abs(value)) + logScale - logResolution - Math.LN2;
  const size = logRatio > ASYMPTOTE ? logRatio + Math.LN2 : Math.asinh(Math.exp(logRatio));
  return {
    objective: (Math.sign(value) * size + logResolution) / numSteps,
    gradient: derivative / (numSteps * Math.hypot(value, 2 * Math.exp(logResolution - logScale))),
  };
}

/** @throws L2OError `INVALID_ARGUMENT` unless `numSteps` is an integer ≥ 1. */
export function checkSteps(numSteps: number): void {
  if (Number.isInteger(numSteps) && numSteps >= 1) return;
  throw new L2OError('INVALID_ARGUMENT', `numSteps must be an integer ≥ 1, got ${numSteps}. Pass the number of gradient descent steps.`);
}
