import * as tf from '@tensorflow/tfjs-core';
import type {InitialParameter} from '../../tasks/families/shared/parameters.js';

/** Hidden activations of the networks that only suites have. */
export type SuiteActivation = 'gelu' | 'relu' | 'tanh' | 'sigmoid';

/** An activation; gelu in its form with erf (D. Hendrycks, K. Gimpel 2016, arXiv 1606.08415). */
export function activateAs<T extends tf.Tensor>(activation: SuiteActivation, x: T): T {
  switch (activation) {
    case 'gelu': return tf.mul(tf.mul(0.5, x), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));
    case 'relu': return tf.relu(x);
    case 'tanh': return tf.tanh(x);
    case 'sigmoid': return tf.sigmoid(x);
  }
}

/** A dense layer on `[batch, inputs]`; parameters `<name>Kernel` and `<name>Bias`. */
export function dense(params: tf.NamedTensorMap, name: string, x: tf.Tensor2D): tf.Tensor2D {
  return tf.add(tf.matMul(x, params[`${name}Kernel`] as tf.Tensor2D), params[`${name}Bias`]!); // [batch, outputs]
}

/** Layer normalisation over the last axis; parameters `<name>Scale` and `<name>Shift`. */
export function layerNorm(params: tf.NamedTensorMap, name: string, x: tf.Tensor2D): tf.Tensor2D {
  const centered = tf.sub(x, tf.mean(x, -1, true)); // [batch, features]
  const normalised = tf.mul(centered, tf.rsqrt(tf.add(tf.mean(tf.square(centered), -1, true), 1e-5)));
  return tf.add(tf.mul(normalised, params[`${name}Scale`]!), params[`${name}Shift`]!);
}

/** Scale and shift of {@link layerNorm} at their start. */
export function layerNormParameters(name: string, size: number): InitialParameter[] {
  return [
    {name: `${name}Scale`, shape: [size], values: new Float32Array(size).fill(1)},
    {name: `${name}Shift`, shape: [size], values: new Float32Array(size)},
  ];
}
