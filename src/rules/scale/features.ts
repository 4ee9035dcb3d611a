import * as tf from '@tensorflow/tfjs-core';
import {root} from '../safe-ops.js';
import {CONSTANTS, NUM_TIMESCALES} from './spec.js';

/** What the features of a variable's parameters are made of. */
export interface FeatureInputs {
  /** `[n]`. */
  readonly gradient: tf.Tensor1D;
  /** Decay of the fastest average, `[n]`. */
  readonly inputDecay: tf.Tensor;
  /** Decay of all mean squares, `[n]`. */
  readonly scaleDecay: tf.Tensor;
  /** `[NUM_TIMESCALES, n]`. */
  readonly averages: tf.Tensor;
  /** `[NUM_TIMESCALES, n]`. */
  readonly meanSquares: tf.Tensor;
  /** Log rate less the mean over all parameters of the step, `[n]`. */
  readonly relativeLogRate: tf.Tensor1D;
}

/** Features of a variable's parameters, with the averages that they were made from. */
export interface Features {
  /** Averages of the gradient relative to their own size, `[NUM_TIMESCALES, n]`: the first of the features. */
  readonly scaled: tf.Tensor2D;
  /** `[NUM_FEATURES, n]`. */
  readonly features: tf.Tensor2D;
  readonly averages: tf.Tensor2D;
  readonly meanSquares: tf.Tensor2D;
}

/** Decays of all averages: each is the root of the one before, which doubles its time. */
function decays(fastest: tf.Tensor): tf.Tensor2D {
  const all = [fastest];
  while (all.length < NUM_TIMESCALES) all.push(root(all.at(-1)!));
  return tf.stack(all) as tf.Tensor2D;
}

/** The 12 features of each parameter. */
export function scaleFeatures({gradient, inputDecay, scaleDecay, averages, meanSquares, relativeLogRate}: FeatureInputs): Features {
  const n = gradient.size, {EPSILON_SQUARE, EPSILON_ROOT} = CONSTANTS;
  // Decays are 0 at a variable's first step, which so takes the gradient itself.
  const towards = (old: tf.Tensor, target: tf.Tensor, decay: tf.Tensor): tf.Tensor2D =>
    tf.add<tf.Tensor2D>(tf.mul(target, tf.sub(1, decay)), tf.mul(old, decay));
  const nextAverages = towards(averages, gradient, decays(inputDecay));
  const nextMeanSquares = towards(meanSquares, tf.add(tf.square(nextAverages), EPSILON_SQUARE), scaleDecay);
  const scaled = tf.asinh<tf.Tensor2D>(tf.div<tf.Tensor2D>(nextAverages, tf.sqrt(tf.add(nextMeanSquares, EPSILON_ROOT))));
  const rows = NUM_TIMESCALES - 1;
  const products = tf.mul<tf.Tensor2D>(tf.slice(scaled, [0, 0], [rows, n]), tf.slice(scaled, [1, 0], [rows, n]));
  const logarithms = tf.log(tf.add<tf.Tensor2D>(nextMeanSquares, EPSILON_ROOT));
  const relative = tf.sub<tf.Tensor2D>(logarithms, tf.mean(logarithms, 0, true));
  const features = tf.concat<tf.Tensor2D>([scaled, products, relative, tf.expandDims<tf.Tensor2D>(relativeLogRate, 0)], 0);
  return {scaled, features, averages: nextAverages, meanSquares: nextMeanSquares};
}
