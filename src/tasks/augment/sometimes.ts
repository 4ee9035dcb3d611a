import {OptionCheck} from '../families/shared/option-check.js';
import type {Augmentation} from './augmentation.js';

/**
 * Applies an augmentation to a share of the tasks only.
 *
 * @param share Probability, from 0 to 1.
 * @throws L2OError 'INVALID_ARGUMENT'.
 * @example
 * const family = augmented(mlpClassificationFamily(), sometimes(0.05, delayedGradients({numSteps: [1, 8]})));
 */
export function sometimes(share: number, augment: Augmentation): Augmentation {
  new OptionCheck('sometimes', {share}, ['share']).number('share', share, {min: 0, max: 1});
  return family => {
    const augmented = augment(family);
    return {
      name: `${augmented.name} (in ${100 * share} %)`,
      sample: random => (random.chance(share) ? augmented : family).sample(random),
    };
  };
}
