import * as tf from '@tensorflow/tfjs-core';
import type {TaskFamily} from '../task-family.js';
import {testFunctionFamily, type TestFunction, type TestFunctionOptions} from './shared/test-function.js';

/**
 * Rosenbrock's valley: Σᵢ 100 (xᵢ₊₁ - xᵢ²)² + (1 - xᵢ)², in 2 dimensions or more; 0 at (1, …, 1).
 * @see H. H. Rosenbrock, "An automatic method for finding the greatest or least value of a function", 1960.
 */
export function rosenbrock(x: tf.Tensor1D): tf.Scalar {
  const last = x.size - 1, head = tf.slice(x, 0, last), tail = tf.slice(x, 1, last); // [n - 1]
  const valley = tf.mul(100, tf.square(tf.sub(tail, tf.square(head))));
  return tf.sum(tf.add(valley, tf.square(tf.sub(1, head))));
}

/** {@link rosenbrock} as the families know it. */
export const ROSENBROCK: TestFunction = {
  name: 'rosenbrock', where: 'rosenbrockFamily', value: rosenbrock, minimum: 1, startRadius: 2, minDimension: 2, kind: 'rosenbrock',
};

/**
 * Tasks that minimise {@link rosenbrock}, moved. `startRadius` is 2 by default.
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'.
 */
export function rosenbrockFamily(options: TestFunctionOptions = {}): TaskFamily<undefined> {
  return testFunctionFamily(ROSENBROCK, options);
}
