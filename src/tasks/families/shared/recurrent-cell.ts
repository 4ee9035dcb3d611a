import * as tf from '@tensorflow/tfjs-core';
import type {CellKind} from '../../../rollout/engine-layout.js';

/** Blocks of `units` columns in a cell's kernels. */
export const NUM_BLOCKS: Readonly<Record<CellKind, number>> = {simple: 1, gru: 3, lstm: 4};

/**
 * Runs a cell over sequences from a state of zeros. Columns of the kernels: GRU update, reset, candidate (the reset gate acts
 * after the recurrent product); LSTM input, forget, candidate, output.
 *
 * @param params With `inputKernel`, `recurrentKernel` and `bias`.
 * @param sequence `[batch, steps, features]`.
 * @returns The last state, `[batch, units]`.
 */
export function runCell(cell: CellKind, units: number, params: tf.NamedTensorMap, sequence: tf.Tensor3D): tf.Tensor2D {
  const [batch, steps, features] = sequence.shape, recurrent = params.recurrentKernel as tf.Tensor2D;
  // One product for all steps: the inputs do not depend on the state.
  const inputs = tf.add(tf.matMul(tf.reshape(sequence, [-1, features]), params.inputKernel as tf.Tensor2D), params.bias!);
  const perStep = tf.unstack(tf.reshape(inputs, [batch, steps, -1]), 1) as tf.Tensor2D[]; // [batch, units * blocks] each
  let state = tf.zeros<tf.Rank.R2>([batch, units]), memory = state;
  for (const input of perStep) {
    const product = tf.matMul<tf.Tensor2D>(state, recurrent); // [batch, units * blocks]
    switch (cell) {
      case 'simple':
        state = tf.tanh(tf.add<tf.Tensor2D>(input, product));
        break;
      case 'gru': {
        const [updateIn, resetIn, candidateIn] = blocksOf(input, 3), [updateRec, resetRec, candidateRec] = blocksOf(product, 3);
        const update = tf.sigmoid(tf.add(updateIn!, updateRec!)), reset = tf.sigmoid(tf.add(resetIn!, resetRec!));
        const candidate = tf.tanh(tf.add(candidateIn!, tf.mul(reset, candidateRec!)));
        state = tf.add(candidate, tf.mul(update, tf.sub(state, candidate)));
        break;
      }
      case 'lstm': {
        const [inputGate, forgetGate, candidate, outputGate] = blocksOf(tf.add(input, product), 4);
        memory = tf.add(tf.mul(tf.sigmoid(forgetGate!), memory), tf.mul(tf.sigmoid(inputGate!), tf.tanh(candidate!)));
        state = tf.mul(tf.sigmoid(outputGate!), tf.tanh(memory));
        break;
      }
    }
  }
  return state;
}

function blocksOf(x: tf.Tensor2D, count: number): tf.Tensor2D[] {
  return tf.split(x, count, 1);
}
