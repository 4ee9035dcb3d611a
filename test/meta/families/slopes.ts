/** A family as users write it, in a module of its own: least squares in a few dimensions, far from their start. */
import * as tf from '@tensorflow/tfjs-core';
import type {Random} from '../../../src/random.js';
import type {Task, TaskFamily} from '../../../src/tasks/task-family.js';

interface Batch {
  readonly x: tf.Tensor2D;
  readonly y: tf.Tensor1D;
}

const DIMENSIONS = 3, BATCH_SIZE = 4;

function sample(random: Random): Task<Batch> {
  const slope = random.normals(DIMENSIONS, 2), start = random.normals(DIMENSIONS, 0.5), seeds = {train: random.next(), validation: random.next()};
  return {
    init: () => ({w: tf.tensor1d(start.slice()), b: tf.zeros([1])}),
    loss: ({w, b}, {x, y}) => tf.mean(tf.squaredDifference(tf.add(tf.dot(x, w as tf.Tensor1D), b!), y)),
    *batches(split) {
      for (const data = random.fork(seeds[split]); ;) {
        const x = data.normals(BATCH_SIZE * DIMENSIONS);
        const y = Float32Array.from({length: BATCH_SIZE}, (_, i) => slope.reduce((sum, s, k) => sum + s * x[i * DIMENSIONS + k]!, 1));
        yield {x: tf.tensor2d(x, [BATCH_SIZE, DIMENSIONS]), y: tf.tensor1d(y)};
      }
    },
  };
}

export const slopes: TaskFamily<Batch> = {name: 'slopes', sample};
export default slopes;
