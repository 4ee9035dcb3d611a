import type {Task} from '../tasks/task-family.js';
import {OpsRollout} from './ops-rollout.js';
import type {Rollout, RolloutOptions} from './rollout.js';
import type {TaskOrigin} from './task-origin.js';

/** Starts a rollout of a task. It owns the task from now on. */
export function openRollout(task: Task, origin: TaskOrigin, options: RolloutOptions): Rollout {
  return new OpsRollout(task, origin, options);
}
