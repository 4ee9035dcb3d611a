/**
 * Runs of the shipped theta where optimizers are known to fail, and of two others beside it: default Adam, which it must not fall
 * behind, and a theta that steps far too much, which every check must catch.
 */
import {Random} from '../../src/random.js';
import {openRollout} from '../../src/rollout/open-rollout.js';
import type {RolloutOptions} from '../../src/rollout/rollout.js';
import {initialTheta} from '../../src/rules/tensor-lstm/initial-theta.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';
import {defaultTheta} from '../../src/theta/default-theta.js';

/** What a run steps with. */
export interface Walker {
  readonly options: Pick<RolloutOptions, 'rule' | 'learningRate' | 'horizon'>;
  readonly theta?: Float32Array;
}

/** TF.js's default rate. */
export const ADAM: Walker = {options: {rule: 'adam', learningRate: 1e-3, horizon: 0}};

/** The theta that ships, as users run it. @param horizon Steps that it is told; 0: none. */
export function shipped(horizon: number): Walker {
  return {options: {rule: 'tensor-lstm', learningRate: 1, horizon}, theta: defaultTheta().values};
}

/** Adam's direction with three tenths of each tensor's RMS in every step, and nothing that slows it down. */
export function reckless(horizon: number): Walker {
  return {...shipped(horizon), theta: initialTheta(new Random(7), {step: 0.3})};
}

/** Losses of one run. */
export interface Course {
  /** Before the first step. */
  readonly first: number;
  /** At each stop; `Infinity` from where a loss was not finite. */
  readonly losses: readonly number[];
}

/**
 * Runs on a task in the compiled engine, or by tf ops where it has no compiled form.
 * @param stops Steps after which the loss is taken, in rising order.
 * @param numBatches Training batches that it is the mean of.
 */
export function walk({options, theta}: Walker, family: TaskFamily, seed: number, stops: readonly number[], numBatches = 8): Course {
  const rollout = openRollout(family.sample(new Random(seed)), {family: family.name, seed}, {...options, hasLoss: true});
  try {
    if (theta !== undefined) rollout.setTheta(theta);
    const batchLosses = new Float32Array(stops.at(-1)!), first = rollout.evaluate('train', numBatches).loss;
    let made = 0, isFinite = true;
    return {
      first,
      losses: stops.map(stop => {
        const ran = isFinite ? rollout.run(stop - made, batchLosses) : 0;
        isFinite = made + ran === stop;
        made = stop;
        const {loss} = isFinite ? rollout.evaluate('train', numBatches) : {loss: Infinity};
        return Number.isFinite(loss) ? loss : Infinity;
      }),
    };
  } finally {
    rollout.dispose();
  }
}

/** Mean over seeds 0, 1 and 2 of the last loss over the first. */
export function meanDescent(walker: Walker, family: TaskFamily, steps: number, numBatches?: number): number {
  const ratios = [0, 1, 2].map(seed => {
    const {first, losses} = walk(walker, family, seed, [steps], numBatches);
    return losses[0]! / first;
  });
  return ratios.reduce((sum, x) => sum + x, 0) / ratios.length;
}
