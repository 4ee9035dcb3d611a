/** What the result is worth: trained networks under each optimizer, on tasks that none of them has seen. */
import * as tf from '@tensorflow/tfjs-core';
import {Random} from '../../src/index.js';
import sinusoids, {type Batch} from './sinusoids.js';

/** Rates that Adam and SGD are tuned over, three per decade. */
export const RATES = [1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1, 2e-1, 5e-1];
const VALIDATION_BATCHES = 8;

/** Trains one task for `numSteps` steps and returns the validation loss at the end. */
export function train(seed: number, numSteps: number, makeOptimizer: () => tf.Optimizer): number {
  const task = sinusoids.sample(new Random(seed)), optimizer = makeOptimizer(), initial = task.init();
  const params = Object.fromEntries(Object.entries(initial).map(([name, value]) => [name, tf.variable(value)]));
  const batches = task.batches('train'), validation = task.batches('validation');
  const take = (from: Iterator<Batch>): Batch => from.next().value as Batch;
  for (let step = 0; step < numSteps; step++) {
    const batch = take(batches);
    optimizer.minimize(() => task.loss(params, batch), false, Object.values(params));
    tf.dispose([batch.x, batch.y]);
  }
  let total = 0;
  for (let i = 0; i < VALIDATION_BATCHES; i++) {
    const batch = take(validation);
    total += tf.tidy(() => task.loss(params, batch).dataSync()[0]!);
    tf.dispose([batch.x, batch.y]);
  }
  optimizer.dispose();
  tf.dispose([initial, params]);
  return total / VALIDATION_BATCHES;
}

/** Geometric mean of the final losses over tasks; a diverged run counts as a loss of 1,000. */
export function meanLoss(losses: readonly number[]): number {
  const logs = losses.map(loss => Math.log(Number.isFinite(loss) ? Math.min(loss, 1000) : 1000));
  return Math.exp(logs.reduce((a, b) => a + b, 0) / logs.length);
}

/** The rate whose mean final loss over these tasks is lowest. */
export function bestRate(seeds: readonly number[], numSteps: number, make: (rate: number) => tf.Optimizer): number {
  const scores = RATES.map(rate => meanLoss(seeds.map(seed => train(seed, numSteps, () => make(rate)))));
  return RATES[scores.indexOf(Math.min(...scores))]!;
}
