import * as tf from '@tensorflow/tfjs-core';
import type {TaskFamily} from '../task-family.js';
import {testFunctionFamily, type TestFunction, type TestFunctionOptions} from './shared/test-function.js';

/**
 * Ackley's function: -20 exp(-0.2 √(mean xᵢ²)) - exp(mean cos(2π xᵢ)) + 20 + e; 0 at 0, a funnel in a field of bumps.
 *
 * Computed through `expm1` and sin², which is the same and loses no digits near the minimum. At the minimum, where the
 * function has a kink, its gradient is 0.
 * @see D. H. Ackley, "A connectionist machine for genetic hillclimbing", 1987.
 */
export function ackley(x: tf.Tensor1D): tf.Scalar {
  // The floor keeps the square root's gradient finite at 0; it is far below any square that float32 tells from 0 here.
  const radius = tf.sqrt(tf.maximum(tf.mean(tf.square(x)), 1e-30));
  const funnel = tf.mul(-20, tf.expm1(tf.mul(-0.2, radius)));
  const bumps = tf.mul(-Math.E, tf.expm1(tf.mul(-2, tf.mean(tf.square(tf.sin(tf.mul(Math.PI, x)))))));
  return tf.add(funnel, bumps);
}

/** {@link ackley} as the families know it. */
export const ACKLEY: TestFunction = {
  name: 'ackley', where: 'ackleyFamily', value: ackley, minimum: 0, startRadius: 32.768, minDimension: 1, kind: 'ackley',
};

/**
 * Tasks that minimise {@link ackley}, moved. `startRadius` is 32.768 by default.
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'.
 */
export function ackleyFamily(options: TestFunctionOptions = {}): TaskFamily<undefined> {
  return testFunctionFamily(ACKLEY, options);
}
