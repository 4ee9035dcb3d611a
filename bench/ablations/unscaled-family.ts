/** The recipe's tasks, on which the rule steps regardless of the weights' size. */
import {sampleTask as sampleOfRecipe} from '../../recipes/tensor-lstm-family.js';
import type {HorizonRange} from '../../src/meta/estimator.js';
import type {Random} from '../../src/random.js';
import type {SampledTask} from '../../src/tasks/sampled-task.js';

export function sampleTask(random: Random, horizons: HorizonRange): SampledTask {
  return {...sampleOfRecipe(random, horizons), parameterScale: false};
}
