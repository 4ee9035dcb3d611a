import * as tf from '@tensorflow/tfjs-core';
import type {TaskFamily} from '../task-family.js';
import {testFunctionFamily, type TestFunction, type TestFunctionOptions} from './shared/test-function.js';

/**
 * Rastrigin's function: 10 n + Σᵢ xᵢ² - 10 cos(2π xᵢ); 0 at 0, with a local minimum near every point of whole numbers.
 *
 * Computed as Σᵢ xᵢ² + 20 sin²(π xᵢ), which is the same and loses no digits near the minimum.
 * @see L. A. Rastrigin, "Systems of extremal control", 1974; in n dimensions: H. Mühlenbein et al., 1991.
 */
export function rastrigin(x: tf.Tensor1D): tf.Scalar {
  return tf.sum(tf.add(tf.square(x), tf.mul(20, tf.square(tf.sin(tf.mul(Math.PI, x))))));
}

/** {@link rastrigin} as the families know it. */
export const RASTRIGIN: TestFunction = {
  name: 'rastrigin', where: 'rastriginFamily', value: rastrigin, minimum: 0, startRadius: 5.12, minDimension: 1, kind: 'rastrigin',
};

/**
 * Tasks that minimise {@link rastrigin}, moved. `startRadius` is 5.12 by default.
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'.
 */
export function rastriginFamily(options: TestFunctionOptions = {}): TaskFamily<undefined> {
  return testFunctionFamily(RASTRIGIN, options);
}
