/** The recipe's tasks without their reparametrisation: the same networks, functions, data and starts. */
import {sampleTask as sampleOfRecipe} from '../../recipes/tensor-lstm-family.js';
import type {HorizonRange} from '../../src/meta/estimator.js';
import type {Random} from '../../src/random.js';
import type {SampledTask} from '../../src/tasks/sampled-task.js';

export function sampleTask(random: Random, horizons: HorizonRange): SampledTask {
  const {problem: {scales: _, ...problem}, ...task} = sampleOfRecipe(random, horizons);
  return {...task, problem};
}
