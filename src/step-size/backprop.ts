import {type MetaGradient} from './log-objective.js';
import {checkRun, dot, multiply, type Quadratic} from './quadratic.js';

/** The arithmetic of {@link backpropMetaGradient}: TF.js has float32 only. */
export type Precision = 'float32' | 'float64';

/**
 * The same objective (1/t)·log f(w_t) and meta-gradient as `stableMetaGradient`, by what automatic differentiation does:
 * roll out, keep every w_k, and go back through all steps.
 *
 * It is here for contrast. The result is small, but the way to it leads through f(w_t) and 1/f(w_t), which grow or shrink
 * like (1 − ηλ)^(2t): where float32 cannot hold them, objective and gradient come out infinite or NaN, and are returned so.
 *
 * @param stepSize η, any finite number.
 * @param numSteps t, an integer ≥ 1.
 * @param precision Of everything that is kept between two operations; default `'float32'`.
 * @throws L2OError `INVALID_ARGUMENT`.
 */
export function backpropMetaGradient(quadratic: Quadratic, stepSize: number, numSteps: number, precision: Precision = 'float32'): MetaGradient {
  checkRun(quadratic, stepSize, numSteps);
  const isSingle = precision === 'float32';
  const round = isSingle ? Math.fround : (x: number): number => x;
  const arrayOf = (values: Float64Array): Float32Array | Float64Array => isSingle ? Float32Array.from(values) : values.slice();
  const eta = round(stepSize), matrix = arrayOf(quadratic.matrix), scratch = arrayOf(quadratic.start);
  const points = [arrayOf(quadratic.start)];
  for (let step = 0; step < numSteps; step++) {
    const w = points[step]!, next = w.slice();
    multiply(matrix, w, scratch);
    for (let i = 0; i < next.length; i++) next[i]! -= round(eta * scratch[i]!);
    points.push(next);
  }
  const last = points[numSteps]!;
  multiply(matrix, last, scratch);
  const loss = round(round(dot(last, scratch)) / 2);
  const lossGradient = round(1 / round(numSteps * loss));
  const cotangent = scratch.map(x => x * lossGradient); // dF/dw_t
  let gradient = 0;
  for (let step = numSteps - 1; step >= 0; step--) {
    multiply(matrix, points[step]!, scratch);
    gradient = round(gradient - round(dot(scratch, cotangent)));
    multiply(matrix, cotangent, scratch);
    for (let i = 0; i < cotangent.length; i++) cotangent[i]! -= round(eta * scratch[i]!);
  }
  return {objective: round(round(Math.log(loss)) / numSteps), gradient};
}
