import * as tf from '@tensorflow/tfjs-core';
import type {Random} from '../../random.js';
import {withCompiledForm} from '../compiled-problem.js';
import type {Task, TaskFamily} from '../task-family.js';
import {randomOrthogonal, randomSpectrum} from './shared/linear-algebra.js';
import {OptionCheck, drawInteger, drawNumber, type NumberRange} from './shared/option-check.js';
import {keptTensor} from './shared/parameters.js';

/** Options of {@link quadraticFamily}. All are optional; a range is drawn from anew for each task. */
export interface QuadraticOptions {
  /** Number of coordinates: an integer ≥ 1, or a range. Default `[2, 50]`. */
  readonly dimension?: NumberRange;
  /** Largest eigenvalue of the Hessian over the smallest, ≥ 1, or a range. Default `[1, 1e4]`. */
  readonly conditionNumber?: NumberRange;
  /** Largest eigenvalue, > 0, or a range. Default 1. */
  readonly largestEigenvalue?: NumberRange;
}

/** One quadratic and a start: plain numbers. */
export interface QuadraticProblem {
  readonly dimension: number;
  /** Row-major `[dimension, dimension]`: A of ½‖A (x - minimum)‖². */
  readonly factor: Float32Array;
  /** Of the Hessian AᵀA: the largest first, the smallest last. */
  readonly eigenvalues: Float64Array;
  readonly minimum: Float32Array;
  readonly start: Float32Array;
}

/**
 * Quadratics f(x) = ½ (x - m)ᵀ H (x - m) with a random rotation and eigenvalues spread over the condition number, the
 * extremes among them. Minimum and start are standard normal. There are no data: train and validation are the same.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'.
 * @example
 * const family = quadraticFamily({dimension: 10, conditionNumber: [10, 1000]});
 */
export function quadraticFamily(options: QuadraticOptions = {}): TaskFamily<undefined> {
  const check = new OptionCheck('quadraticFamily', options, ['dimension', 'conditionNumber', 'largestEigenvalue']);
  const {dimension = [2, 50], conditionNumber = [1, 1e4], largestEigenvalue = 1} = options;
  check.range('dimension', dimension, {min: 1, integer: true});
  check.range('conditionNumber', conditionNumber, {min: 1});
  check.range('largestEigenvalue', largestEigenvalue, {min: 0, above: true});
  return {
    name: 'quadratic',
    sample: random => quadraticTask(sampleQuadratic(random, {dimension, conditionNumber, largestEigenvalue})),
  };
}

/** Samples one problem. */
export function sampleQuadratic(random: Random, options: Required<QuadraticOptions>): QuadraticProblem {
  const dimension = drawInteger(random, options.dimension);
  const eigenvalues = randomSpectrum(random, dimension, drawNumber(random, options.largestEigenvalue), drawNumber(random, options.conditionNumber));
  const rotation = randomOrthogonal(random, dimension);
  const factor = Float32Array.from(rotation, (q, i) => q * Math.sqrt(eigenvalues[Math.floor(i / dimension)]!));
  return {dimension, factor, eigenvalues, minimum: random.normals(dimension), start: random.normals(dimension)};
}

/** The task of a problem: one parameter `x`. */
export function quadraticTask({dimension, factor, minimum, start}: QuadraticProblem): Task<undefined> {
  const a = keptTensor(factor, [dimension, dimension]) as tf.Tensor2D, m = keptTensor(minimum, [dimension]);
  const data = {inputs: factor, answers: minimum, numExamples: 1, batchSize: 1, seed: 0};
  return withCompiledForm<undefined>({
    init: () => ({x: tf.tensor1d(start.slice())}),
    loss: ({x}) => {
      // A norm, not xᵀHx: never below 0, whatever the rounding.
      const residual = tf.matMul(a, tf.reshape(tf.sub(x!, m), [dimension, 1])); // [n, 1]
      return tf.mul(0.5, tf.sum(tf.square(residual)));
    },
    *batches() {
      for (;;) yield undefined;
    },
    dispose: () => tf.dispose([a, m]),
  }, () => ({
    kind: 'quadratic', parameters: [{name: 'x', shape: [dimension], values: start}], sizes: [dimension, dimension], splits: {train: data, validation: data},
  }));
}
