import * as tf from '@tensorflow/tfjs-core';
import type {RuleVariable} from './rule.js';

/**
 * A variable after its step, and after decoupled weight decay as AdamW's:
 *
 *     p + step − min(1, rate · weightDecay) · p
 *
 * @param step `[n]`.
 * @param rate How far a step of this rule goes, for all parameters or for each, `[n]`.
 */
export function addStep({parameter, weightDecay = 0}: Pick<RuleVariable, 'parameter' | 'weightDecay'>, step: tf.Tensor1D, rate: number | tf.Tensor1D): tf.Tensor {
  const shaped = tf.reshape(step, parameter.shape);
  if (weightDecay === 0) return tf.add(parameter, shaped);
  const share = typeof rate === 'number' ? Math.min(1, rate * weightDecay) : tf.reshape(tf.minimum(tf.mul(rate, weightDecay), 1), parameter.shape);
  // Decay and step are added first: p · (1 − share) would lose a share below 6e-8 to float32.
  return tf.add(parameter, tf.sub(shaped, tf.mul(parameter, share)));
}
