import * as tf from '@tensorflow/tfjs-core';
import {stepLstm} from './lstm-cell.js';
import type {State, StateEntry} from './rule.js';
import {constant, truncatedNormal, type WeightSpec, type Weights} from './theta-spec.js';

/** Units of each of the two layers. */
export const NUM_UNITS = 20;

/** Weights of the stack. */
export type DeepLstmWeight = 'gateKernel1' | 'gateBias1' | 'gateKernel2' | 'gateBias2' | 'outputKernel' | 'outputBias';

/** State of the stack, `[NUM_UNITS, n]` each. */
export type DeepLstmSlot = 'h1' | 'c1' | 'h2' | 'c2';

/** A kernel and its bias as Sonnet's LSTM starts them: both truncated normal, by the kernel's number of rows. */
function gates(kernel: DeepLstmWeight, bias: DeepLstmWeight, numInputs: number): Array<WeightSpec<DeepLstmWeight>> {
  const rows = numInputs + NUM_UNITS, initializer = truncatedNormal(1 / Math.sqrt(rows));
  return [[kernel, [rows, 4 * NUM_UNITS], initializer], [bias, [4 * NUM_UNITS], initializer]];
}

/** The weights of two LSTM layers and a linear layer with one output, on `numInputs` features. */
export function deepLstmWeights(numInputs: number): ReadonlyArray<WeightSpec<DeepLstmWeight>> {
  return [
    ...gates('gateKernel1', 'gateBias1', numInputs),
    ...gates('gateKernel2', 'gateBias2', NUM_UNITS),
    ['outputKernel', [NUM_UNITS, 1], truncatedNormal(1 / Math.sqrt(NUM_UNITS))],
    ['outputBias', [1], constant(0)],
  ];
}

/** The state, as rules list it. */
export const DEEP_LSTM_STATE: ReadonlyArray<StateEntry<DeepLstmSlot>> = [
  ['h1', 'parameter', NUM_UNITS], ['c1', 'parameter', NUM_UNITS], ['h2', 'parameter', NUM_UNITS], ['c2', 'parameter', NUM_UNITS],
];

/** State before the first step, of `n` coordinates. */
export function zeroDeepLstm(n: number): State<DeepLstmSlot> {
  const zeros = (): tf.Tensor2D => tf.zeros([NUM_UNITS, n]);
  return {h1: zeros(), c1: zeros(), h2: zeros(), c2: zeros()};
}

/**
 * Runs the stack on the coordinates of one variable.
 * @param input `[features, n]`.
 * @returns `output` `[n]`, and the next state.
 */
export function stepDeepLstm(
  weights: Weights<DeepLstmWeight>, input: tf.Tensor2D, slots: State<DeepLstmSlot>,
): {output: tf.Tensor1D; slots: State<DeepLstmSlot>} {
  const {h1, c1, h2, c2} = slots as Record<DeepLstmSlot, tf.Tensor2D>;
  const first = stepLstm(weights.transposed('gateKernel1'), weights.array('gateBias1'), input, {h: h1, c: c1});
  const second = stepLstm(weights.transposed('gateKernel2'), weights.array('gateBias2'), first.h, {h: h2, c: c2});
  const output = tf.add(tf.matMul(weights.transposed('outputKernel'), second.h), weights.array('outputBias')); // [1, n]
  return {output: tf.reshape(output, [input.shape[1]]), slots: {h1: first.h, c1: first.c, h2: second.h, c2: second.c}};
}
