import {serialization} from '@tensorflow/tfjs-core';
import {LearnedOptimizer} from './learned-optimizer.js';

/** The part of TF.js that {@link register} needs. */
export interface TensorFlow {
  readonly serialization: Pick<typeof serialization, 'registerClass'>;
}

/**
 * Makes saved models with a learned optimizer loadable. Importing this package does it for the tfjs-core that the package
 * itself imports; call it with yours only where two copies of tfjs-core are installed (loading then fails with
 * "Unknown layer: LearnedOptimizer").
 *
 * @example
 * import * as tf from '@tensorflow/tfjs';
 * import {register} from 'tfjs-l2o';
 * register(tf);
 */
export function register(tf: TensorFlow = {serialization}): void {
  tf.serialization.registerClass(LearnedOptimizer);
}
