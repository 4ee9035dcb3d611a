/** The recipe's tasks without their reparametrisation: the same networks, functions, data and starts. */
import {sampleTask as sampleOfRecipe} from '../../recipes/tensor-lstm-family.js';
import type {Random} from '../../src/random.js';
import type {SampledTask} from '../../src/tasks/sampled-task.js';

export function sampleTask(random: Random): SampledTask {
  const {problem: {scales: _, ...problem}, ...task} = sampleOfRecipe(random);
  return {...task, problem};
}
