import * as tf from '@tensorflow/tfjs-core';
import {layerNorm, layerNormParameters} from './layers.js';
import type {NetworkMaker} from './network-family.js';
import {NetworkProgram} from './network-program.js';

/**
 * A language model of one embedding that serves twice: the mean of the vectors of the symbols seen, weighted by their place, is
 * compared with the vectors of all symbols.
 *
 * @param size Numbers of a vector.
 */
export function tiedEmbeddingNetwork(size: number): NetworkMaker {
  return (random, numFeatures, numSymbols) => {
    const numPlaces = numFeatures / numSymbols;
    const program = new NetworkProgram(numPlaces, numSymbols), embedded = program.embed(program.input, size);
    return {
      parameters: [
        {name: 'embedding', shape: [numSymbols, size], values: random.normals(numSymbols * size, size ** -0.5)},
        {name: 'weights', shape: [numPlaces, 1], values: new Float32Array(numPlaces).fill(1 / numPlaces)},
        ...layerNormParameters('norm', size),
      ],
      predict: (params, features) => {
        const embedding = params.embedding as tf.Tensor2D;
        const vectors = tf.reshape(tf.matMul(tf.reshape(features, [-1, numSymbols]), embedding), [-1, numPlaces, size]); // [batch, places, size]
        const context = tf.sum<tf.Tensor2D>(tf.mul(vectors, params.weights!), 1); // [batch, size]
        return tf.matMul(layerNorm(params, 'norm', context), embedding, false, true); // [batch, symbols]
      },
      form: program.form(program.compare(program.norm(program.pool(embedded, true)), embedded, numSymbols)),
    };
  };
}
