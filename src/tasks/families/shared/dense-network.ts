import * as tf from '@tensorflow/tfjs-core';
import type {Random} from '../../../random.js';
import type {Activation} from '../../../rollout/engine-layout.js';
import {kernel, zeros, type InitialParameter, type Initialization} from './parameters.js';

/** An activation as TF.js computes it; `leakyRelu` with TF.js's own slope of 0.2. */
export function activate<T extends tf.Tensor>(activation: Activation, x: T): T {
  switch (activation) {
    case 'relu': return tf.relu(x);
    case 'tanh': return tf.tanh(x);
    case 'sigmoid': return tf.sigmoid(x);
    case 'elu': return tf.elu(x);
    case 'leakyRelu': return tf.leakyRelu(x);
    case 'softplus': return tf.softplus(x);
  }
}

/** Kernel and zero bias of each layer in turn: `kernel0`, `bias0`, `kernel1`, … */
export function denseParameters(random: Random, sizes: readonly number[], initialization: Initialization): InitialParameter[] {
  return sizes.slice(1).flatMap((outputs, layer) => [
    kernel(random, initialization, `kernel${layer}`, [sizes[layer]!, outputs]),
    zeros(`bias${layer}`, [outputs]),
  ]);
}

/** Outputs of a dense network, with the activation after every layer but the last. */
export function denseForward(params: tf.NamedTensorMap, numLayers: number, activation: Activation, features: tf.Tensor2D): tf.Tensor2D {
  let x = features;
  for (let layer = 0; layer < numLayers; layer++) {
    x = tf.add<tf.Tensor2D>(tf.matMul(x, params[`kernel${layer}`] as tf.Tensor2D), params[`bias${layer}`]!); // [batch, outputs]
    if (layer + 1 < numLayers) x = activate(activation, x);
  }
  return x;
}
