import * as tf from '@tensorflow/tfjs-core';
import {L2OError} from '../../errors.js';
import {OptionCheck, drawInteger, type NumberRange} from '../families/shared/option-check.js';
import {keptTensor} from '../families/shared/parameters.js';
import type {Task} from '../task-family.js';
import {augmentation, type Augmentation} from './augmentation.js';
import {taskGradients} from './task-gradients.js';

/** Options of {@link delayedGradients}. */
export interface DelayedGradientsOptions {
  /** By how many steps: an integer ≥ 0, or a range of integers ≥ 1. */
  readonly numSteps: NumberRange;
}

/**
 * The optimizer sees the gradient of `numSteps` steps ago (of step 0 until then), as in asynchronous training; the loss is of
 * this step.
 *
 * A task keeps the gradients that are under way: it serves one rollout at a time, from step 0 on without a gap. Step 0 starts
 * anew, and `setState` from anywhere. Sample one task for each rollout; the same generator gives the same task.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'; the task's `gradients` throw 'INVALID_ARGUMENT' where a step does not
 *   follow the last one.
 * @example
 * const family = delayedGradients({numSteps: [1, 4]})(quadraticFamily());
 */
export function delayedGradients(options: DelayedGradientsOptions): Augmentation {
  const check = new OptionCheck('delayedGradients', options, ['numSteps']), {numSteps} = options;
  check.range('numSteps', numSteps, {min: Array.isArray(numSteps) ? 1 : 0, integer: true});
  return augmentation('delayed gradients', (random, _task, name) => {
    const delay = drawInteger(random, numSteps);
    const change = <B>(task: Task<B>): Partial<Task<B>> => {
      let pending: tf.NamedTensorMap[] = [], next = 0;
      const clear = (): void => {
        tf.dispose(pending);
        pending = [];
      };
      return {
        gradients: (params, batch, step) => {
          if (step === 0) clear();
          else if (step !== next) {
            throw new L2OError('INVALID_ARGUMENT', `delayedGradients: expected step ${next} or 0 of a task of '${name}', got step ${step}. ` +
              'Its gradients come from earlier steps: sample a task of its own for each rollout, and start at step 0.');
          }
          next = step + 1;
          const {loss, gradients} = taskGradients(task, params, batch, step);
          for (const gradient of Object.values(gradients)) tf.keep(gradient);
          pending.push(gradients);
          if (pending.length > delay) return {loss, gradients: pending.shift()!};
          return {loss, gradients: Object.fromEntries(Object.entries(pending[0]!).map(([key, gradient]) => [key, tf.clone(gradient)]))};
        },
        state: () => [
          Float32Array.of(pending.length),
          ...pending.flatMap(gradients => Object.keys(gradients).sort().map(key => gradients[key]!.dataSync<'float32'>().slice())),
          ...task.state?.() ?? [],
        ],
        setState: ([count, ...pieces], step) => {
          clear();
          const start = task.init(), names = Object.keys(start).sort();
          for (let k = 0; k < count![0]!; k++) {
            pending.push(Object.fromEntries(names.map(key => [key, keptTensor(pieces.shift()!, start[key]!.shape)])));
          }
          tf.dispose(start);
          next = step;
          task.setState?.(pieces, step);
        },
        dispose: () => {
          clear();
          task.dispose?.();
        },
      };
    };
    return {change};
  });
}
