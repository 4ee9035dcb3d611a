/**
 * A task family of one's own, in a module of its own so that worker threads can load it: small networks that fit random
 * sinusoids. In a project of yours, import from 'tfjs-l2o'.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Random, Task, TaskFamily} from '../../src/index.js';

export interface Batch {
  readonly x: tf.Tensor2D;
  readonly y: tf.Tensor2D;
}

const UNITS = 16, BATCH_SIZE = 16;

function sample(random: Random): Task<Batch> {
  // All that is random about this task is drawn here; init and batches can be called again and give the same.
  const amplitude = random.uniform(0.5, 2), frequency = random.uniform(0.5, 2), phase = random.uniform(0, 2 * Math.PI);
  const kernels = [random.normals(UNITS), random.normals(UNITS * UNITS, Math.sqrt(1 / UNITS)), random.normals(UNITS, Math.sqrt(1 / UNITS))];
  const seeds = {train: random.next(), validation: random.next()};
  return {
    init: () => ({
      kernel1: tf.tensor2d(kernels[0]!.slice(), [1, UNITS]), bias1: tf.zeros([UNITS]),
      kernel2: tf.tensor2d(kernels[1]!.slice(), [UNITS, UNITS]), bias2: tf.zeros([UNITS]),
      kernel3: tf.tensor2d(kernels[2]!.slice(), [UNITS, 1]), bias3: tf.zeros([1]),
    }),
    loss({kernel1, bias1, kernel2, bias2, kernel3, bias3}, {x, y}) {
      const layer = (h: tf.Tensor, kernel: tf.Tensor | undefined, bias: tf.Tensor | undefined): tf.Tensor => tf.add(tf.matMul(h, kernel!), bias!);
      const hidden = tf.tanh(layer(tf.tanh(layer(x, kernel1, bias1)), kernel2, bias2));
      return tf.mean(tf.squaredDifference(layer(hidden, kernel3, bias3), y));
    },
    *batches(split) {
      for (const data = random.fork(seeds[split]); ;) {
        const x = Float32Array.from({length: BATCH_SIZE}, () => data.uniform(-3, 3));
        const y = x.map(v => amplitude * Math.sin(frequency * v + phase));
        yield {x: tf.tensor2d(x, [BATCH_SIZE, 1]), y: tf.tensor2d(y, [BATCH_SIZE, 1])};
      }
    },
  };
}

const sinusoids: TaskFamily<Batch> = {name: 'sinusoids', sample};
export default sinusoids;
