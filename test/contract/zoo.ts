/**
 * The rules of the zoo, for the tests of the optimizer's contract. Their initial weights step at random, so these tests ask for
 * the same steps, not for good ones.
 */
import * as tf from '@tensorflow/tfjs-core';
import {learnedOptimizer, type LearnedOptimizer, type LearnedOptimizerOptions, type RuleName, type Theta} from '../../src/index.js';
import {Random} from '../../src/random.js';
import {ruleInfo} from '../../src/rules/registry.js';
import {makeTheta} from '../../src/theta/theta-file.js';
import {Bowl, minimize} from './bowl.js';

/** All rules but the default one. */
export const ZOO = ['lstm-dm', 'rnnprop', 'scale'] as const satisfies readonly RuleName[];
export type ZooRule = (typeof ZOO)[number];

/** Weights of a rule, the same for the same seed. */
export function zooTheta(rule: ZooRule, seed = 1): Theta {
  return makeTheta(ruleInfo(rule).initialTheta(new Random(seed)), rule);
}

/** A learned optimizer with a rule of the zoo. */
export function zooOptimizer(rule: ZooRule, options: Omit<LearnedOptimizerOptions, 'rule' | 'theta'> = {}): LearnedOptimizer {
  return learnedOptimizer({...options, rule, theta: zooTheta(rule)});
}

/** Steps of {@link ranOnBowl}. */
export const BOWL_STEPS = 3;

/** The values after some steps on a bowl; `change` is called before each step. */
export function ranOnBowl(
  rule: ZooRule, shapes: ReadonlyArray<readonly number[]>, options: LearnedOptimizerOptions = {},
  change: (optimizer: LearnedOptimizer, step: number, bowl: Bowl) => void = () => undefined,
): Float32Array[] {
  const bowl = new Bowl(shapes), optimizer = zooOptimizer(rule, options);
  for (let step = 0; step < BOWL_STEPS; step++) {
    change(optimizer, step, bowl);
    minimize(optimizer, bowl, step, step + 1);
  }
  const values = bowl.values();
  optimizer.dispose();
  bowl.dispose();
  return values;
}

/** Values before a first step, and how far each goes. */
export function firstStep(
  rule: ZooRule, shapes: ReadonlyArray<readonly number[]>, options: LearnedOptimizerOptions = {}, scale = 1,
): {before: Float32Array[]; steps: Float32Array[]} {
  const bowl = new Bowl(shapes), optimizer = zooOptimizer(rule, options), before = bowl.values(), gradients = bowl.gradients(0, scale);
  optimizer.applyGradients(bowl.variables.map(({name}, i) => ({name, tensor: gradients[i]!})));
  const steps = bowl.values().map((v, i) => v.map((x, j) => x - before[i]![j]!));
  tf.dispose(gradients);
  optimizer.dispose();
  bowl.dispose();
  return {before, steps};
}
