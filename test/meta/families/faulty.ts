/** A family that breaks its contract at its third step. */
import * as tf from '@tensorflow/tfjs-core';
import type {TaskFamily} from '../../../src/tasks/task-family.js';

export default {
  name: 'faulty',
  sample: () => ({
    init: () => ({w: tf.ones([2])}),
    loss: ({w}) => tf.sum(tf.square(w!)),
    *batches() {
      yield* [1, 2];
    },
  }),
} satisfies TaskFamily as TaskFamily;
