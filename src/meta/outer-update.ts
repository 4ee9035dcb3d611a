import {L2OError} from '../errors.js';

/** What must be kept of the outer loop to go on with a run. */
export interface OuterState {
  theta: Float32Array;
  moment: Float32Array;
  variance: Float32Array;
  /** Mean of the last gradient norms, for clipping. */
  norm: number;
  outerStep: number;
  innerSteps: number;
}

/** Outer state at the start of a run. */
export function initialOuterState(theta: Float32Array): OuterState {
  return {theta: theta.slice(), moment: new Float32Array(theta.length), variance: new Float32Array(theta.length), norm: 0, outerStep: 0, innerSteps: 0};
}

/** Settings of {@link updateTheta}. */
export interface OuterUpdateOptions {
  readonly learningRate: number;
  /** Decoupled weight decay. */
  readonly weightDecay: number;
  /** Gradients longer than this multiple of their running mean norm are shortened to it; `Infinity` leaves them. */
  readonly clip: number;
}

const BETA1 = 0.9, BETA2 = 0.99, EPSILON = 1e-8;

/** The mean of the pairs' gradients, added up in their order. */
export function meanGradient(gradients: readonly Float32Array[]): Float64Array {
  const mean = new Float64Array(gradients[0]!.length);
  for (const gradient of gradients) for (let k = 0; k < mean.length; k++) mean[k]! += gradient[k]! / gradients.length;
  return mean;
}

/**
 * One step of AdamW on theta, with the gradient clipped by its own history.
 * @returns The gradient's norm before clipping.
 * @throws L2OError `NON_FINITE` where the gradient or the new theta is not finite; the state has not changed then.
 */
export function updateTheta(state: OuterState, gradient: Float64Array, {learningRate, weightDecay, clip}: OuterUpdateOptions): number {
  let squares = 0;
  for (const g of gradient) squares += g * g;
  const norm = Math.sqrt(squares);
  if (!Number.isFinite(norm)) reject('the meta-gradient', state);
  const mean = state.norm === 0 ? norm : 0.98 * state.norm + 0.02 * Math.min(norm, 5 * state.norm);
  const scale = norm === 0 ? 1 : Math.min(1, (clip * mean) / norm), k = state.outerStep + 1;
  const c1 = 1 - BETA1 ** k, c2 = 1 - BETA2 ** k;
  const theta = state.theta.slice(), moment = state.moment.slice(), variance = state.variance.slice();
  for (let i = 0; i < theta.length; i++) {
    const g = gradient[i]! * scale;
    moment[i] = BETA1 * moment[i]! + (1 - BETA1) * g;
    variance[i] = BETA2 * variance[i]! + (1 - BETA2) * g * g;
    theta[i]! -= learningRate * weightDecay * theta[i]!;
    theta[i]! -= (learningRate * moment[i]!) / c1 / (Math.sqrt(variance[i]! / c2) + EPSILON);
  }
  if (!theta.every(Number.isFinite)) reject('the new theta', state);
  Object.assign(state, {theta, moment, variance, norm: mean, outerStep: k});
  return norm;
}

function reject(what: string, {outerStep}: OuterState): never {
  throw new L2OError('NON_FINITE', `meta-training: expected finite numbers, got ${what} not finite at outer step ${outerStep}. Lower learningRate or sigma; theta was left as it was.`);
}
