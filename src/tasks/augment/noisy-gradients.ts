import * as tf from '@tensorflow/tfjs-core';
import {Random} from '../../random.js';
import {OptionCheck, drawNumber, type NumberRange} from '../families/shared/option-check.js';
import {augmentation, type Augmentation} from './augmentation.js';
import {taskGradients} from './task-gradients.js';

/** Options of {@link noisyGradients}. */
export interface NoisyGradientsOptions {
  /** Deviation of the noise relative to the root mean square of each tensor's gradient: a number ≥ 0, or a range of numbers > 0. */
  readonly sigma: NumberRange;
}

/**
 * Adds normal noise to the gradients that the optimizer sees; the loss stays as it is. The noise depends on the task and the
 * step alone, so that rollouts of one task share it.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'.
 * @example
 * const family = noisyGradients({sigma: [0.01, 1]})(quadraticFamily());
 */
export function noisyGradients(options: NoisyGradientsOptions): Augmentation {
  const check = new OptionCheck('noisyGradients', options, ['sigma']), {sigma} = options;
  check.range('sigma', sigma, {min: 0, above: Array.isArray(sigma)});
  return augmentation('noisy gradients', random => {
    const deviation = drawNumber(random, sigma), noise = new Random(random.next());
    return {change: task => ({
      gradients: (params, batch, step) => {
        const {loss, gradients} = taskGradients(task, params, batch, step), own = noise.fork(step);
        const noisy = tf.tidy(() => Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => {
          const size = tf.mul(deviation, tf.sqrt(tf.mean(tf.square(gradient))));
          return [name, tf.add(gradient, tf.mul(size, tf.tensor(own.normals(gradient.size), gradient.shape)))];
        })));
        tf.dispose(gradients);
        return {loss, gradients: noisy};
      },
    })};
  });
}
