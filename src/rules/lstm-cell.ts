import * as tf from '@tensorflow/tfjs-core';

/** Added to the forget gate's bias, so that an untrained cell remembers. */
export const FORGET_BIAS = 1;

/** State of an LSTM cell, `[units, n]`: one column a coordinate. */
export interface LstmState {
  readonly h: tf.Tensor2D;
  readonly c: tf.Tensor2D;
}

/**
 * One step of an LSTM cell on `n` coordinates at once.
 *
 * Gates stand in the order input, candidate, forget (+1), output, and the kernel's rows in the order input, state: the
 * order of Sonnet's LSTM, so that weights of the released optimizers can be taken over as they are.
 *
 * Features come first: on wasm that costs what features last does, on cpu less than half. The kernel comes
 * transposed, since wasm has a fast matrix product for untransposed operands alone.
 *
 * @param kernel `[4 · units, inputs + units]`.
 * @param bias `[4 · units]`.
 * @param input `[inputs, n]`.
 */
export function stepLstm(kernel: tf.Tensor2D, bias: tf.Tensor, input: tf.Tensor2D, {h, c}: LstmState): LstmState {
  const [units, n] = h.shape;
  const gates = tf.add<tf.Tensor2D>(tf.matMul(kernel, tf.concat([input, h], 0)), tf.reshape(bias, [4 * units, 1])); // [4 · units, n]
  const gate = (index: number): tf.Tensor2D => tf.slice(gates, [index * units, 0], [units, n]);
  const remembered = tf.mul<tf.Tensor2D>(tf.sigmoid(tf.add<tf.Tensor2D>(gate(2), FORGET_BIAS)), c);
  const next = tf.add<tf.Tensor2D>(remembered, tf.mul(tf.sigmoid(gate(0)), tf.tanh(gate(1))));
  return {h: tf.mul<tf.Tensor2D>(tf.sigmoid(gate(3)), tf.tanh(next)), c: next};
}
