import {L2OError} from '../../errors.js';
import {Random} from '../../random.js';
import {OptionCheck, drawNumber, type NumberRange} from '../families/shared/option-check.js';
import type {Split} from '../task-family.js';
import type {Augmentation} from './augmentation.js';

/** Options of {@link labelNoise}. */
export interface LabelNoiseOptions {
  /** Share of the examples that get a new label, uniform over all classes: from 0 to 1, or a range of numbers > 0. */
  readonly share: NumberRange;
  /** Which data get it. Default `['train']`: validation stays clean. */
  readonly splits?: readonly Split[];
}

/**
 * Gives a share of the examples new labels, once for each task: an example keeps its wrong label in every batch. Works on tasks
 * that have `relabel`: all built-in families of classes, and models compiled with a categorical cross-entropy.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'; on sampling, 'INVALID_ARGUMENT' where the task has no `relabel`.
 * @example
 * const family = labelNoise({share: 0.2})(mlpClassificationFamily());
 */
export function labelNoise(options: LabelNoiseOptions): Augmentation {
  const check = new OptionCheck('labelNoise', options, ['share', 'splits']), {share, splits = ['train']} = options;
  check.range('share', share, {min: 0, max: 1, above: Array.isArray(share)});
  check.choice('splits', splits, ['train', 'validation']);
  return family => ({
    name: `${family.name}, label noise`,
    sample: random => {
      const task = family.sample(random), own = new Random(random.next()), wrong = drawNumber(own, share);
      if (task.relabel === undefined) {
        task.dispose?.();
        throw new L2OError('INVALID_ARGUMENT', `labelNoise: expected tasks with classes, got '${family.name}', whose tasks have no relabel. ` +
          'Give the task a member relabel(change) that returns the task with other labels, or leave labelNoise out.');
      }
      return task.relabel((label, numClasses, split) => (splits.includes(split) && own.chance(wrong) ? own.integer(numClasses) : label));
    },
  });
}
