import * as tf from '@tensorflow/tfjs-core';
import type {Random} from '../../random.js';
import {withCompiledForm, type CompiledSplit} from '../compiled-problem.js';
import type {Split, Task, TaskFamily} from '../task-family.js';
import {multiply} from './shared/linear-algebra.js';
import {OptionCheck, drawInteger, drawNumber, type NumberRange} from './shared/option-check.js';
import {keptTensor} from './shared/parameters.js';

/** Options of {@link lassoFamily}. All are optional; a range is drawn from anew for each task. */
export interface LassoOptions {
  /** Number of equations: an integer ≥ 1, or a range. Default `[5, 50]`. */
  readonly rows?: NumberRange;
  /** Number of unknowns: an integer ≥ 1, or a range. Default `[5, 100]`. */
  readonly dimension?: NumberRange;
  /** Weight of the 1-norm, ≥ 0, or a range of numbers > 0; 0 gives plain least squares. Default 0.005. */
  readonly l1?: NumberRange;
  /** Share of the unknowns that are not zero, from 0 to 1. Default 0.1, but one unknown at least. */
  readonly density?: number;
  /** Standard deviation of the noise on the right-hand side, ≥ 0. Default 0. */
  readonly noise?: number;
  /** Standard deviation of the matrix's entries, > 0, or a range. Default: `1 / √rows`, columns of norm about 1. */
  readonly matrixScale?: NumberRange;
}

/** One set of equations. */
export interface LassoData {
  /** Row-major `[rows, dimension]`. */
  readonly matrix: Float32Array;
  readonly targets: Float32Array;
}

/** One sparse regression and a start: plain numbers. */
export interface LassoProblem {
  readonly rows: number;
  readonly dimension: number;
  readonly l1: number;
  readonly data: Readonly<Record<Split, LassoData>>;
  readonly start: Float32Array;
}

/**
 * Sparse regression f(x) = ½‖W x - y‖² + λ‖x‖₁ with y = W x* + noise for a sparse random x*. Validation has equations of
 * its own, for the same x*. A batch is the whole of its split. Starts are normal with deviation 0.01.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'.
 * @example
 * const family = lassoFamily({rows: 25, dimension: 50, l1: 0.005});
 * @see R. Tibshirani, "Regression shrinkage and selection via the lasso", 1996.
 */
export function lassoFamily(options: LassoOptions = {}): TaskFamily<Split> {
  const check = new OptionCheck('lassoFamily', options, ['rows', 'dimension', 'l1', 'density', 'noise', 'matrixScale']);
  const {rows = [5, 50], dimension = [5, 100], l1 = 0.005, density = 0.1, noise = 0, matrixScale} = options;
  check.range('rows', rows, {min: 1, integer: true});
  check.range('dimension', dimension, {min: 1, integer: true});
  check.range('l1', l1, {min: 0, above: typeof l1 !== 'number'});
  check.number('density', density, {min: 0, max: 1});
  check.number('noise', noise, {min: 0});
  if (matrixScale !== undefined) check.range('matrixScale', matrixScale, {min: 0, above: true});
  return {
    name: 'lasso',
    sample: random => lassoTask(sampleLasso(random, {rows, dimension, l1, density, noise, matrixScale})),
  };
}

/** Samples one problem. */
export function sampleLasso(
  random: Random, options: Required<Omit<LassoOptions, 'matrixScale'>> & {readonly matrixScale: NumberRange | undefined},
): LassoProblem {
  const rows = drawInteger(random, options.rows), dimension = drawInteger(random, options.dimension), l1 = drawNumber(random, options.l1);
  const scale = options.matrixScale === undefined ? 1 / Math.sqrt(rows) : drawNumber(random, options.matrixScale);
  const solution = new Float32Array(dimension), numNonZero = Math.max(1, Math.round(options.density * dimension));
  for (const i of random.permutation(dimension).subarray(0, numNonZero)) solution[i] = random.normal();
  const equations = (): LassoData => {
    const matrix = random.normals(rows * dimension, scale);
    return {matrix, targets: multiply(matrix, solution, rows, dimension, 1).map(y => y + options.noise * random.normal())};
  };
  return {rows, dimension, l1, data: {train: equations(), validation: equations()}, start: random.normals(dimension, 0.01)};
}

/** The task of a problem: one parameter `x`. */
export function lassoTask({rows, dimension, l1, data, start}: LassoProblem): Task<Split> {
  const tensorsOf = ({matrix, targets}: LassoData): {matrix: tf.Tensor2D; targets: tf.Tensor} =>
    ({matrix: keptTensor(matrix, [rows, dimension]) as tf.Tensor2D, targets: keptTensor(targets, [rows, 1])});
  const equations = {train: tensorsOf(data.train), validation: tensorsOf(data.validation)};
  const compiled = ({matrix, targets}: LassoData): CompiledSplit => ({inputs: matrix, answers: targets, numExamples: 1, batchSize: 1, seed: 0});
  return withCompiledForm<Split>({
    init: () => ({x: tf.tensor1d(start.slice())}),
    loss: ({x}, split) => {
      const {matrix, targets} = equations[split];
      const residual = tf.sub(tf.matMul(matrix, tf.reshape(x!, [dimension, 1])), targets); // [rows, 1]
      const fit = tf.mul<tf.Scalar>(0.5, tf.sum(tf.square(residual)));
      return l1 === 0 ? fit : tf.add(fit, tf.mul(l1, tf.sum(tf.abs(x!))));
    },
    *batches(split) {
      for (;;) yield split;
    },
    dispose: () => tf.dispose(equations),
  }, () => ({
    kind: 'lasso', parameters: [{name: 'x', shape: [dimension], values: start}], sizes: [dimension, rows], strength: l1,
    splits: {train: compiled(data.train), validation: compiled(data.validation)},
  }));
}
