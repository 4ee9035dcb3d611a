/** The tasks that the shipped theta is meta-trained on. */
import '@tensorflow/tfjs-backend-cpu';
import type {HorizonRange} from '../src/meta/estimator.js';
import {ackleyFamily} from '../src/tasks/families/ackley.js';
import {autoencoderFamily} from '../src/tasks/families/autoencoder.js';
import {convNetFamily} from '../src/tasks/families/conv-net.js';
import {griewankFamily} from '../src/tasks/families/griewank.js';
import {lassoFamily} from '../src/tasks/families/lasso.js';
import {logisticRegressionFamily} from '../src/tasks/families/logistic-regression.js';
import {quadraticFamily} from '../src/tasks/families/quadratic.js';
import {rastriginFamily} from '../src/tasks/families/rastrigin.js';
import {recurrentNetFamily} from '../src/tasks/families/recurrent-net.js';
import {reparametrised} from '../src/tasks/augment/reparametrised.js';
import {compiledFormOf, type CompiledProblem} from '../src/tasks/compiled-problem.js';
import {loadDigits} from '../src/tasks/digits.js';
import {sampleMlpTask} from '../src/tasks/mlp-family.js';
import type {SampledTask} from '../src/tasks/sampled-task.js';
import type {TaskFamily} from '../src/tasks/task-family.js';
import type {Random} from '../src/random.js';

/** Shortest and longest run, in steps. */
export const HORIZONS = [100, 2000] as const;
/** Hidden sizes kept for the demo: they appear in no recipe. */
export const EXCLUDED_HIDDEN = [[48, 24]] as const;
// Rollouts are scored on training images alone.
const digits = loadDigits();

/** Kinds of problems, as often as they stand here. Rosenbrock is kept for evaluation. */
const OTHERS = ([
  quadraticFamily({dimension: [2, 100], conditionNumber: [1, 1e4], largestEigenvalue: [1e-2, 1e2]}),
  quadraticFamily({dimension: [2, 100], conditionNumber: [1, 100], largestEigenvalue: [1e-2, 1e2]}),
  lassoFamily(), logisticRegressionFamily(), logisticRegressionFamily(),
  rastriginFamily(), ackleyFamily(), griewankFamily(),
  autoencoderFamily(), autoencoderFamily(), autoencoderFamily(), autoencoderFamily({data: digits}),
  convNetFamily({channels: [4, 12]}), convNetFamily({channels: [4, 12]}), convNetFamily({channels: [4, 12], batchSize: [8, 32], data: digits}),
  recurrentNetFamily({units: [8, 24]}), recurrentNetFamily({units: [8, 24]}), recurrentNetFamily({units: [8, 24], data: digits}),
] satisfies readonly TaskFamily[] as readonly TaskFamily[]).map(reparametrised({level: ['none', 'none', 'global', 'tensor', 'parameter'], range: [0.1, 10]}));
const SHARE_OF_OTHERS = 0.4;

/** A task, with what the rule is told about it. @param range What its number of steps is drawn from. */
export function sampleTask(random: Random, range: HorizonRange = HORIZONS): SampledTask {
  const {name, problem} = random.chance(SHARE_OF_OTHERS) ? sampleOther(random) : sampleMlpTask(random, digits.train, {maxMultiplyAdds: 400_000, excludedHidden: EXCLUDED_HIDDEN});
  const steps = Math.round(random.logUniform(...range));
  // The rule must do without the horizon, and with one that turns out wrong by up to a factor of two.
  const horizon = random.chance(0.5) ? 0 : random.chance(0.25) ? Math.round(steps * random.logUniform(0.5, 2)) : steps;
  return {name, problem, steps, horizon, hasLoss: random.chance(0.9)};
}

function sampleOther(random: Random): {name: string; problem: CompiledProblem} {
  const family = random.pick(OTHERS), task = family.sample(random);
  try {
    const form = compiledFormOf(task);
    if (form === undefined) throw new Error(`${family.name} has no compiled form`);
    return {name: family.name, problem: form()};
  } finally {
    task.dispose?.();
  }
}
