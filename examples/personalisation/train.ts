/** Trains one user's classifier under any optimizer, and sees how well it does on images that it is not trained on. */
import * as tf from '@tensorflow/tfjs-core';
import type {Task} from '../../src/index.js';
import type {LabelledData} from '../../src/tasks/digits.js';
import {SIZES} from './family.js';

/** Steps between two looks at the accuracy. */
export const LOOK_EVERY = 5;
/** Weights by their names in the task: kernel and bias of each layer. */
export type Weights = Readonly<Record<string, tf.Tensor>>;

interface Batch {
  readonly features: tf.Tensor2D;
  readonly targets: tf.Tensor2D;
}

/**
 * Trains for `numSteps` steps.
 *
 * @param start Weights to start from. Default: the task's own random ones.
 * @returns Accuracy on `test` before the first step and after every {@link LOOK_EVERY}; 0 from where the loss was not finite.
 */
export function accuracies(task: Task, test: LabelledData, numSteps: number, makeOptimizer: () => tf.Optimizer, start: Weights = {}): number[] {
  const initial = task.init(), optimizer = makeOptimizer(), batches = task.batches('train') as Iterator<Batch>;
  const params = Object.fromEntries(Object.entries(initial).map(([name, value]) => [name, tf.variable(start[name] ?? value)]));
  const images = tf.tensor2d(test.features, [test.numExamples, SIZES[0]]), curve = [accuracy(params, images, test.labels)];
  for (let step = 1, isFinite = true; step <= numSteps; step++) {
    if (isFinite) {
      const batch = batches.next().value as Batch;
      const loss = optimizer.minimize(() => task.loss(params, batch), true, Object.values(params))!;
      isFinite = Number.isFinite(loss.dataSync()[0]);
      tf.dispose([loss, batch.features, batch.targets]);
    }
    if (step % LOOK_EVERY === 0) curve.push(isFinite ? accuracy(params, images, test.labels) : 0);
  }
  optimizer.dispose();
  tf.dispose([initial, params, images]);
  return curve;
}

/** Share of images that the network classifies as their labels say. */
function accuracy(params: Weights, images: tf.Tensor2D, labels: Int32Array): number {
  const guesses = tf.tidy(() => tf.argMax(logits(params, images), 1).dataSync());
  return labels.reduce((right, label, i) => right + Number(guesses[i] === label), 0) / labels.length;
}

/** The network of the family: `[batch, 64]` to `[batch, 10]`. */
export function logits({kernel0, bias0, kernel1, bias1}: Weights, images: tf.Tensor2D): tf.Tensor2D {
  const hidden = tf.relu(tf.add<tf.Tensor2D>(tf.matMul(images, kernel0 as tf.Tensor2D), bias0!)); // [batch, 16]
  return tf.add(tf.matMul(hidden, kernel1 as tf.Tensor2D), bias1!);
}
