import * as tf from '@tensorflow/tfjs-core';
import type {TaskFamily} from '../task-family.js';
import {testFunctionFamily, type TestFunction, type TestFunctionOptions} from './shared/test-function.js';

/**
 * Griewank's function: 1 + Σᵢ xᵢ² / 4000 - Πᵢ cos(xᵢ / √i), i from 1; 0 at 0. Values within 1e-7 of the minimum are lost in
 * float32's rounding.
 * @see A. O. Griewank, "Generalized descent for global optimization", 1981.
 */
export function griewank(x: tf.Tensor1D): tf.Scalar {
  const roots = tf.sqrt(tf.range(1, x.size + 1)); // [n]
  const bowl = tf.div(tf.sum(tf.square(x)), 4000);
  return tf.add<tf.Scalar>(bowl, tf.sub(1, product(tf.cos(tf.div<tf.Tensor1D>(x, roots)))));
}

/** By halves: the gradient of `tf.prod` needs the chained methods that only the package `@tensorflow/tfjs` adds. */
function product(x: tf.Tensor1D): tf.Scalar {
  let factors = x;
  while (factors.size > 1) {
    const half = Math.floor(factors.size / 2), pairs = tf.mul<tf.Tensor1D>(tf.slice(factors, 0, half), tf.slice(factors, half, half));
    factors = factors.size % 2 === 0 ? pairs : tf.concat([pairs, tf.slice(factors, 2 * half, 1)]);
  }
  return tf.reshape<tf.Rank.R0>(factors, []);
}

/** {@link griewank} as the families know it. */
export const GRIEWANK: TestFunction = {
  name: 'griewank', where: 'griewankFamily', value: griewank, minimum: 0, startRadius: 600, minDimension: 1, kind: 'griewank',
};

/**
 * Tasks that minimise {@link griewank}, moved. `startRadius` is 600 by default.
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'.
 */
export function griewankFamily(options: TestFunctionOptions = {}): TaskFamily<undefined> {
  return testFunctionFamily(GRIEWANK, options);
}
