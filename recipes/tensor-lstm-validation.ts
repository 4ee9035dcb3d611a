/** The tasks by which a theta is chosen: five fixed ones, larger or longer than most of the recipe's, then fresh samples of its family. */
import {Random} from '../src/random.js';
import {countParams, mlpProblem} from '../src/tasks/mlp-task.js';
import {loadDigits} from '../src/tasks/digits.js';
import type {SampledTask} from '../src/tasks/sampled-task.js';
import {sampleTask} from './tensor-lstm-family.js';

const SEED = 4242;
const NUM_SAMPLED = 35;

function digitsTask(hidden: readonly number[], activation: 'relu' | 'tanh', batchSize: number, steps: number, random: Random): SampledTask {
  const {features, labels, numExamples} = loadDigits().train, sizes = [64, ...hidden, 10];
  const initialParams = new Float32Array(countParams(sizes));
  let at = 0;
  for (let l = 0; l + 1 < sizes.length; l++) {
    const limit = Math.sqrt(6 / (sizes[l]! + sizes[l + 1]!));
    for (let i = 0; i < sizes[l]! * sizes[l + 1]!; i++) initialParams[at++] = random.uniform(-limit, limit);
    at += sizes[l + 1]!;
  }
  const scales = new Float32Array(initialParams.length).fill(1);
  const problem = mlpProblem({sizes, activation, loss: 'softmaxCrossEntropy', batchSize, features, labels, numExamples, initialParams, scales}, random.next());
  return {name: `digits ${sizes.join('-')} ${activation}`, problem, steps, horizon: steps, hasLoss: true};
}

export function validationTasks(): SampledTask[] {
  const random = new Random(SEED);
  return [
    digitsTask([100], 'tanh', 40, 400, random),
    digitsTask([64, 64, 64, 64], 'relu', 32, 2000, random),
    digitsTask([64, 64, 64, 64], 'tanh', 128, 1000, random),
    digitsTask([256], 'relu', 64, 1000, random),
    digitsTask([], 'relu', 64, 1000, random),
    ...Array.from({length: NUM_SAMPLED}, (_, i) => sampleTask(random.fork(i))),
  ];
}
