import {engine} from '@tensorflow/tfjs-core';
import {OptionChecks} from '../option-checks.js';
import {openRollout} from '../rollout/open-rollout.js';
import type {TaskOrigin} from '../rollout/task-origin.js';
import type {TaskFamily} from '../tasks/task-family.js';
import {defaultTheta} from '../theta/default-theta.js';
import {checkTheta, type Theta} from '../theta/theta-file.js';
import {isTaskFamily, loadFamily, moduleUrl, prepareGradients} from './family-module.js';
import {sampleTask, type LocatedFamily} from './ops-pair.js';
import {prepareWorkerBackend} from './worker-backend.js';

/** Options of {@link checkTask}. */
export interface CheckTaskOptions {
  /** A family, or URL or path of a module that exports one by default. */
  readonly tasks: TaskFamily | URL | string;
  /** Seed of the task, as errors of {@link metaFit} name it; an integer from 0 to 2³² − 1. Default 0. */
  readonly seed?: number | undefined;
  /** Training steps to make. Default 20. */
  readonly steps?: number | undefined;
  /** What to train with. Default: the theta that ships with the package. */
  readonly theta?: Theta | undefined;
}

const checks: OptionChecks = new OptionChecks('checkTask');

/**
 * Runs one task of a family alone, for writing a family and for finding out what is wrong with it.
 *
 * @returns The loss before each step; fewer than `steps` where the training diverged.
 * @throws L2OError `INVALID_ARGUMENT` where the task breaks its contract: with family, seed, step and remedy.
 * @example
 * const losses = await checkTask({tasks: family, seed: 7, steps: 100});
 */
export async function checkTask(options: CheckTaskOptions): Promise<number[]> {
  const {tasks, seed = 0, steps = 20, theta} = checks.names(options, ['tasks', 'seed', 'steps', 'theta']);
  const taskSeed = checks.number('seed', seed, {integer: true, min: 0, max: 2 ** 32 - 1}, 'Pass the seed that the error names.');
  const count = checks.number('steps', steps, {integer: true, min: 1, max: 1e6}, 'Leave it out for 20.');
  const {rule, values} = theta === undefined ? defaultTheta() : checkTheta(theta as Theta);
  const located = await locate(tasks), origin: TaskOrigin = {family: located.family.name, module: located.module, seed: taskSeed};
  const rollout = openRollout(sampleTask(located, taskSeed), origin, {rule, learningRate: 1, horizon: count, hasLoss: true});
  try {
    rollout.setTheta(values);
    const losses = new Float32Array(count);
    return [...losses.subarray(0, rollout.run(count, losses))];
  } finally {
    rollout.dispose();
  }
}

async function locate(tasks: unknown): Promise<LocatedFamily> {
  // The command that errors print brings no backend.
  await (engine().backendNames().length === 0 ? prepareWorkerBackend() : prepareGradients());
  if (isTaskFamily(tasks)) return {family: tasks, module: undefined};
  if (tasks instanceof URL || (typeof tasks === 'string' && tasks !== '')) return loadFamily(moduleUrl(tasks));
  return checks.reject('tasks must be a task family, or URL or path of a module with one as default export', tasks, 'See the interface TaskFamily: {name, sample(random)}.');
}
