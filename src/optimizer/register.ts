import {serialization} from '@tensorflow/tfjs-core';
import {FlatnessRegularizer} from '../flatness/flatness-regularizer.js';
import {adoptBase, type ClassLike} from '../flatness/training/adopt-base.js';
import {adoptRegularizers, FlatnessMark, type WithRegularizers} from '../flatness/training/flatness-mark.js';
import {LearnedOptimizer} from './learned-optimizer.js';

/** The part of TF.js that {@link register} needs. */
export interface TensorFlow {
  readonly serialization: Pick<typeof serialization, 'registerClass'>;
  /** The class that `fit` tells its callbacks by. */
  readonly Callback?: ClassLike;
  readonly regularizers?: WithRegularizers['regularizers'];
}

/**
 * Makes saved models with a learned optimizer or flatness marks loadable, and `fit` take a `FlatnessRegularizer`. Importing this package does it for the tfjs-core that the package
 * itself imports; call it with yours only where two copies of TF.js are installed (loading then fails with
 * "Unknown layer: LearnedOptimizer").
 *
 * @example
 * import * as tf from '@tensorflow/tfjs';
 * import {register} from 'tfjs-l2o';
 * register(tf);
 */
export function register(tf: TensorFlow = {serialization}): void {
  tf.serialization.registerClass(LearnedOptimizer);
  tf.serialization.registerClass(FlatnessMark);
  if (tf.Callback !== undefined) adoptBase(FlatnessRegularizer, tf.Callback);
  if (tf.regularizers !== undefined) adoptRegularizers({regularizers: tf.regularizers});
}
