import {L2OError} from '../errors.js';
import {type Random} from '../random.js';
import {checkSteps, logObjective, type MetaGradient} from './log-objective.js';

/** f(w) = ½ wᵀHw and the point where gradient descent starts. */
export interface Quadratic {
  /** H, symmetric, row by row: [n, n]. */
  readonly matrix: Float64Array;
  /** w₀: [n]. */
  readonly start: Float64Array;
}

/**
 * The paper's quadratic: H = XᵀX with the entries of X [n, n] and of w₀ standard normal. Its condition number is
 * heavy-tailed: for n = 20 mostly between 10² and 10⁶.
 *
 * @param size n, an integer ≥ 1.
 */
export function sampleQuadratic(random: Random, size: number): Quadratic {
  const start = Float64Array.from({length: size}, () => random.normal());
  const x = Float64Array.from({length: size * size}, () => random.normal()); // [n, n]
  const matrix = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) matrix[i * size + j]! += x[row * size + i]! * x[row * size + j]!;
    }
  }
  return {matrix, start};
}

/**
 * Objective and exact meta-gradient with respect to the step size η of F(η) = (1/t)·log f(w_t), where
 * w_{k+1} = w_k − ηHw_k, for any η and t without overflow or underflow.
 *
 * It rolls w and its tangent v = dw/dη forward together,
 *
 *     v ← v − η H v − H w,      w ← w − η H w,
 *
 * and divides both by ‖w‖ before each step, the logarithms of these norms summed up apart. As v/‖w‖ grows no faster than
 * t, every intermediate number is as tame as the result; the eigenvectors of H are not needed.
 *
 * Differs from the paper: the same number, but the paper divides by the largest |1 − ηλ| and so needs the eigenvalues λ.
 *
 * @param stepSize η, any finite number.
 * @param numSteps t, an integer ≥ 1.
 * @param resolution See {@link logObjective}.
 * @throws L2OError `INVALID_ARGUMENT`; `NON_FINITE` where not even a single step can be represented.
 * @see Wang, Yuan, Wu, Ge (2021), arXiv 2006.16495, section 4.
 *
 * @example
 * const quadratic = sampleQuadratic(new Random(0), 20);
 * const {objective, gradient} = stableMetaGradient(quadratic, 0.1, 80); // the loss itself is about 1e115
 */
export function stableMetaGradient(quadratic: Quadratic, stepSize: number, numSteps: number, resolution?: number): MetaGradient {
  checkRun(quadratic, stepSize, numSteps);
  const {matrix, start} = quadratic, size = start.length;
  const w = start.slice(), v = new Float64Array(size), hw = new Float64Array(size), hv = new Float64Array(size);
  let logNorm = normalize(w, v);
  for (let step = 0; step < numSteps && logNorm > -Infinity; step++) {
    multiply(matrix, w, hw);
    multiply(matrix, v, hv);
    for (let i = 0; i < size; i++) {
      v[i]! -= stepSize * hv[i]! + hw[i]!;
      w[i]! -= stepSize * hw[i]!;
    }
    logNorm += normalize(w, v);
  }
  multiply(matrix, w, hw);
  return logObjective({value: dot(w, hw) / 2, derivative: dot(v, hw), logScale: 2 * logNorm}, numSteps, resolution);
}

/** @throws L2OError `INVALID_ARGUMENT` unless the shapes agree, `stepSize` is finite and `numSteps` an integer ≥ 1. */
export function checkRun({matrix, start}: Quadratic, stepSize: number, numSteps: number): void {
  checkSteps(numSteps);
  if (!Number.isFinite(stepSize)) {
    throw new L2OError('INVALID_ARGUMENT', `stepSize must be a finite number, got ${stepSize}. Stop meta-training at the first step size that is not.`);
  }
  if (start.length === 0 || matrix.length !== start.length ** 2) {
    throw new L2OError('INVALID_ARGUMENT', `A quadratic in ${start.length} dimensions needs ${start.length} × ${start.length} matrix entries, at least one, got ${matrix.length}. Pass H row by row.`);
  }
}

/** out = matrix · x, with sums in float64 whatever the type of `out`. */
export function multiply<A extends Float32Array | Float64Array>(matrix: A, x: A, out: A): void {
  const size = x.length;
  for (let i = 0, at = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += matrix[at++]! * x[j]!;
    out[i] = sum;
  }
}

/** aᵀb, with the sum in float64. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Divides both by ‖w‖. @returns log ‖w‖; −Infinity, with both left alone, where w is 0. */
function normalize(w: Float64Array, v: Float64Array): number {
  const norm = Math.sqrt(dot(w, w));
  if (norm === 0) return -Infinity;
  if (!Number.isFinite(norm)) {
    throw new L2OError('NON_FINITE', 'stableMetaGradient: one step of gradient descent overflows float64. Check H and the start for entries that are not finite, and bound the step size.');
  }
  for (let i = 0; i < w.length; i++) {
    w[i]! /= norm;
    v[i]! /= norm;
  }
  return Math.log(norm);
}
