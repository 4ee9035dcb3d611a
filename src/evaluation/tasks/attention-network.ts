import * as tf from '@tensorflow/tfjs-core';
import {kernel, zeros, type InitialParameter} from '../../tasks/families/shared/parameters.js';
import type {NetworkForm} from '../../tasks/families/shared/supervised-task.js';
import {activateAs, dense, layerNorm, layerNormParameters} from './layers.js';
import type {NetworkMaker} from './network-family.js';
import {NetworkProgram} from './network-program.js';

/** Sizes of {@link attentionNetwork}. */
export interface AttentionSizes {
  /** Numbers of one token; an example is its tokens one after the other. */
  readonly featuresPerToken: number;
  readonly width: number;
  /** A divisor of `width`. */
  readonly numHeads: number;
}

/**
 * One transformer block, normalised before each half: tokens are embedded, and get a learned position; self-attention, then two
 * dense layers with gelu. A dense layer reads the mean over tokens.
 *
 * @see A. Vaswani et al. 2017, "Attention is all you need", arXiv 1706.03762.
 */
export function attentionNetwork(sizes: AttentionSizes): NetworkMaker {
  const {featuresPerToken, width, numHeads} = sizes;
  return (random, numFeatures, numOutputs) => {
    const numTokens = numFeatures / featuresPerToken, headSize = width / numHeads;
    const layer = (name: string, inputs: number, outputs: number): InitialParameter[] =>
      [kernel(random, 'glorotUniform', `${name}Kernel`, [inputs, outputs]), zeros(`${name}Bias`, [outputs])];
    // [batch * tokens, width] to [batch, heads, tokens, size].
    const heads = (x: tf.Tensor): tf.Tensor4D => tf.transpose(tf.reshape<tf.Rank.R4>(x, [-1, numTokens, numHeads, headSize]), [0, 2, 1, 3]);
    const attend = (params: tf.NamedTensorMap, x: tf.Tensor2D): tf.Tensor2D => {
      const [query, key, value] = tf.split(dense(params, 'attention', layerNorm(params, 'attentionNorm', x)), 3, 1).map(heads);
      const scores = tf.mul(tf.matMul(query!, key!, false, true), 1 / Math.sqrt(headSize)); // [batch, heads, tokens, tokens]
      const mixed = tf.transpose(tf.matMul(tf.softmax(scores), value!), [0, 2, 1, 3]); // [batch, tokens, heads, size]
      return dense(params, 'mix', tf.reshape<tf.Rank.R2>(mixed, [-1, width]));
    };
    return {
      parameters: [
        ...layer('embedding', featuresPerToken, width),
        {name: 'position', shape: [numTokens, width], values: random.normals(numTokens * width, 0.02)},
        ...layerNormParameters('attentionNorm', width), ...layer('attention', width, 3 * width), ...layer('mix', width, width),
        ...layerNormParameters('denseNorm', width), ...layer('up', width, 2 * width), ...layer('down', 2 * width, width),
        ...layerNormParameters('outputNorm', width), ...layer('output', width, numOutputs),
      ],
      predict: (params, features) => {
        const embedded = dense(params, 'embedding', tf.reshape(features, [-1, featuresPerToken])); // [batch * tokens, width]
        const placed = tf.add(tf.reshape(embedded, [-1, numTokens, width]), params.position!);
        const tokens = tf.reshape<tf.Rank.R2>(placed, [-1, width]);
        const attended = tf.add<tf.Tensor2D>(tokens, attend(params, tokens));
        const up = activateAs('gelu', dense(params, 'up', layerNorm(params, 'denseNorm', attended)));
        const out = layerNorm(params, 'outputNorm', tf.add(attended, dense(params, 'down', up)));
        return dense(params, 'output', tf.mean<tf.Tensor2D>(tf.reshape(out, [-1, numTokens, width]), 1)); // [batch, outputs]
      },
      form: attentionForm(sizes, numTokens, numOutputs),
    };
  };
}

function attentionForm({featuresPerToken, width, numHeads}: AttentionSizes, numTokens: number, numOutputs: number): NetworkForm {
  const program = new NetworkProgram(numTokens, featuresPerToken), tokens = program.position(program.dense(program.input, width));
  const heads = program.attend(program.dense(program.norm(tokens), 3 * width), numHeads), attended = program.add(tokens, program.dense(heads, width));
  const up = program.activate('gelu', program.dense(program.norm(attended), 2 * width));
  const out = program.norm(program.add(attended, program.dense(up, width)));
  return program.form(program.dense(program.pool(out), numOutputs));
}
