import * as tf from '@tensorflow/tfjs-core';
import type {Weights} from '../theta-spec.js';
import {type GruWeight, type Level, UNITS} from './spec.js';

/**
 * One step of a level's GRU on `n` columns at once. The first half of the gates resets, the second keeps:
 *
 *     state ← keep · state + (1 − keep) · tanh(candidate of (input, reset · state))
 *
 * @param input `[inputs, n]`.
 * @param state `[units, n]`.
 * @param bias What higher levels add to reset, keep and candidate, `[3 · units, 1]`.
 */
export function stepGru(weights: Weights<GruWeight>, level: Level, input: tf.Tensor2D, state: tf.Tensor2D, bias?: tf.Tensor2D): tf.Tensor2D {
  const units = UNITS[level], n = state.shape[1];
  const affine = (kernel: GruWeight, ownBias: GruWeight, rows: tf.Tensor2D, offset: number, size: number): tf.Tensor2D => {
    const own = tf.reshape(weights.array(ownBias), [size, 1]);
    const total = bias === undefined ? own : tf.add(own, tf.slice(bias, [offset, 0], [size, 1]));
    return tf.add<tf.Tensor2D>(tf.matMul(weights.transposed(kernel), rows), total); // [size, n]
  };
  const gates = tf.sigmoid(affine(`${level}GateKernel`, `${level}GateBias`, tf.concat([input, state], 0), 0, 2 * units));
  const reset = tf.slice(gates, [0, 0], [units, n]), keep = tf.slice(gates, [units, 0], [units, n]);
  const gated = tf.concat([input, tf.mul<tf.Tensor2D>(reset, state)], 0);
  const candidate = tf.tanh(affine(`${level}CandidateKernel`, `${level}CandidateBias`, gated, 2 * units, units));
  // keep · state + (1 − keep) · candidate
  return tf.add<tf.Tensor2D>(candidate, tf.mul(keep, tf.sub(state, candidate)));
}
