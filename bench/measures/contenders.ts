import * as tf from '@tensorflow/tfjs-core';
import {learnedOptimizer} from '../../src/index.js';

/** Optimizers that are measured beside each other; the first is ours. */
export const CONTENDERS = ['learned', 'adam', 'sgd'] as const;
export type Contender = (typeof CONTENDERS)[number];

const RATE = 1e-3;

/** A new optimizer; the caller disposes it. */
export function makeContender(name: Contender): tf.Optimizer {
  switch (name) {
    case 'learned': return learnedOptimizer({numSteps: 1000});
    // TF.js's own epsilon depends on the backend.
    case 'adam': return tf.train.adam(RATE, 0.9, 0.999, 1e-7);
    case 'sgd': return tf.train.sgd(RATE);
  }
}

/** Waits until a variable has its new value, by reading one element of it: a device works on behind the caller's back. */
export async function settle(variable: tf.Variable): Promise<void> {
  const element = tf.tidy(() => tf.slice(tf.reshape(variable, [-1]), 0, 1));
  await element.data();
  element.dispose();
}
