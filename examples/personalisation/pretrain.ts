/** The usual way to save steps: one network trained on all known users, from which each new user's training starts. */
import * as tf from '@tensorflow/tfjs-core';
import {mlpClassificationFamily, Random} from '../../src/index.js';
import {BATCH_SIZE, SIZES} from './family.js';
import {logits, type Weights} from './train.js';
import {drawUser} from './users.js';

const RATE = 3e-3;

/**
 * Trains the family's network with Adam on images of `numUsers` meta-training users, each batch of one user, labelled as the digits
 * that they are: what users call them is not known before. The caller disposes the weights.
 */
export function pretrain(seed: number, numUsers: number, numSteps: number): Weights {
  const random = new Random(seed), users = Array.from({length: numUsers}, (_, i) => drawUser(random.fork(i), 'meta-training'));
  const tasks = users.map(({hand, train, test}, i) => {
    const digits = (labels: Int32Array): Int32Array => labels.map(label => hand.labels.indexOf(label));
    const data = {train: {...train, labels: digits(train.labels)}, validation: {...test, labels: digits(test.labels)}};
    // The validation images of a pretraining user may be trained on as well: this user is not one that is judged.
    return mlpClassificationFamily({
      data: {train: data.validation, validation: data.train}, depth: 1, width: SIZES[1], activation: 'relu', initialization: 'glorotUniform',
      batchSize: 4 * BATCH_SIZE,
    }).sample(random.fork(`task ${i}`));
  });
  const initial = tasks[0]!.init(), optimizer = tf.train.adam(RATE);
  const params = Object.fromEntries(Object.entries(initial).map(([name, value]) => [name, tf.variable(value)])), batches = tasks.map(task => task.batches('train'));
  for (let step = 0; step < numSteps; step++) {
    const {features, targets} = batches[step % numUsers]!.next().value as {features: tf.Tensor2D; targets: tf.Tensor2D};
    optimizer.minimize(() => tf.losses.softmaxCrossEntropy(targets, logits(params, features)), false, Object.values(params));
    tf.dispose([features, targets]);
  }
  optimizer.dispose();
  tf.dispose(initial);
  return params;
}
