import {compiledFormOf} from '../tasks/compiled-problem.js';
import type {Task} from '../tasks/task-family.js';
import {isEngineRule} from './engine-rules.js';
import {threadEngine} from './engine.js';
import {OpsRollout} from './ops-rollout.js';
import type {Rollout, RolloutOptions} from './rollout.js';
import type {TaskOrigin} from './task-origin.js';

/**
 * Starts a rollout of a task: in this thread's compiled engine where task, rule and machine allow, else by tf ops.
 * It owns the task from now on.
 */
export function openRollout(task: Task, origin: TaskOrigin, options: RolloutOptions): Rollout {
  return openRollouts(1, () => task, origin, options)[0]!;
}

/**
 * Starts several rollouts of one task that see the same batches. In the compiled engine they share its data. A copy of a built-in
 * family's task, `{...task}`, is a task like any other, and is run by tf ops.
 * @param sample Samples the task; tf ops take one for each rollout.
 */
export function openRollouts(count: number, sample: () => Task, origin: TaskOrigin, options: RolloutOptions): Rollout[] {
  const task = sample(), form = isEngineRule(options.rule) ? compiledFormOf(task) : undefined;
  const compiled = form === undefined ? undefined : threadEngine();
  if (form === undefined || compiled === undefined) return openByOps(count, task, sample, origin, options);
  try {
    const loaded = compiled.load(form());
    let left = count;
    const release = (): void => {
      if (--left === 0) loaded.dispose();
    };
    return Array.from({length: count}, () => compiled.start(loaded, options, origin, release));
  } finally {
    task.dispose?.();
  }
}

function openByOps(count: number, first: Task, sample: () => Task, origin: TaskOrigin, options: RolloutOptions): Rollout[] {
  const rollouts = [new OpsRollout(first, origin, options)];
  try {
    while (rollouts.length < count) rollouts.push(new OpsRollout(sample(), origin, options));
    return rollouts;
  } catch (error) {
    rollouts.forEach(rollout => rollout.dispose());
    throw error;
  }
}
