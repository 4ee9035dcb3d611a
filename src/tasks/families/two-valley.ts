import * as tf from '@tensorflow/tfjs-core';
import type {Random} from '../../random.js';
import type {Task, TaskFamily} from '../task-family.js';
import {drawInteger, drawNumber, OptionCheck, type NumberRange} from './shared/option-check.js';
import {keptTensor} from './shared/parameters.js';

/** Options of {@link twoValleyFamily}. All are optional; a range is drawn from anew for each task. */
export interface TwoValleyOptions {
  /** Number of coordinates: an integer ≥ 1, or a range. Default 4. */
  readonly dimension?: NumberRange;
  /** Curvature at the sharp minimum over that at the wide one, > 1, or a range. Default 30. */
  readonly ratio?: NumberRange;
  /** Distance of the minima, > 0, or a range. Default 2. */
  readonly distance?: NumberRange;
  /** Largest distance of the starts from the sharp minimum, as a share of that of the minima, > 0. Default 0.3. */
  readonly startRadius?: number;
}

/** One pair of valleys and a start: plain numbers. */
export interface TwoValleyProblem {
  readonly dimension: number;
  /** Curvature of the sharp valley; that of the wide one is 1. */
  readonly ratio: number;
  readonly sharp: Float32Array;
  readonly wide: Float32Array;
  readonly start: Float32Array;
}

/**
 * Tasks with two minima of the same loss, 0, one sharp and one wide: f(x) = QₛQ_w/(Qₛ + Q_w) with Qₛ = ½r‖x − s‖² and
 * Q_w = ½‖x − w‖². Near each minimum it is the one Q, and the Hessian there is rI and I; far from both it is nearly Q_w, so that the
 * sharp valley is a pit of radius about ‖s − w‖/√r in the side of the wide one. Smooth everywhere.
 *
 * Starts are uniform in a ball around the sharp minimum: by steps straight downhill some of them end there.
 * Its losses have no data: train and validation are the same. See {@link valleyOf}.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'.
 */
export function twoValleyFamily(options: TwoValleyOptions = {}): TaskFamily<undefined> {
  const check = new OptionCheck('twoValleyFamily', options, ['dimension', 'ratio', 'distance', 'startRadius']);
  const {dimension = 4, ratio = 30, distance = 2, startRadius = 0.3} = options;
  check.range('dimension', dimension, {min: 1, integer: true});
  check.range('ratio', ratio, {min: 1, above: true});
  check.range('distance', distance, {min: 0, above: true});
  check.number('startRadius', startRadius, {min: 0, above: true});
  return {name: 'two valleys', sample: random => twoValleyTask(sampleTwoValleys(random, {dimension, ratio, distance, startRadius}))};
}

/** Samples one problem: minima in random directions of a random middle. */
export function sampleTwoValleys(random: Random, options: Required<TwoValleyOptions> = {dimension: 4, ratio: 30, distance: 2, startRadius: 0.3}): TwoValleyProblem {
  const dimension = drawInteger(random, options.dimension), ratio = drawNumber(random, options.ratio), distance = drawNumber(random, options.distance);
  const middle = random.normals(dimension), axis = direction(random, dimension), offset = direction(random, dimension);
  const radius = options.startRadius * distance * random.uniform() ** (1 / dimension), sharp = middle.map((m, i) => m - axis[i]! * distance / 2);
  return {
    dimension, ratio, sharp, wide: middle.map((m, i) => m + axis[i]! * distance / 2), start: sharp.map((s, i) => s + radius * offset[i]!),
  };
}

/** The task of a problem: one parameter `x`. */
export function twoValleyTask({dimension, ratio, sharp, wide, start}: TwoValleyProblem): Task<undefined> {
  const minima = {sharp: keptTensor(sharp, [dimension]), wide: keptTensor(wide, [dimension])};
  return {
    init: () => ({x: tf.tensor1d(start.slice())}),
    loss: ({x}) => twoValleyLoss(x!, minima.sharp, minima.wide, ratio),
    *batches() {
      for (;;) yield undefined;
    },
    dispose: () => tf.dispose(minima),
  };
}

/** {@link twoValleyFamily}'s loss. @param x Of any shape with as many entries as the minima have. */
export function twoValleyLoss(x: tf.Tensor, sharp: tf.Tensor, wide: tf.Tensor, ratio: number): tf.Scalar {
  const square = (minimum: tf.Tensor, curvature: number): tf.Scalar => tf.mul(curvature / 2, tf.sum<tf.Scalar>(tf.square(tf.sub(tf.reshape(x, minimum.shape), minimum))));
  const s = square(sharp, ratio), w = square(wide, 1);
  return tf.div(tf.mul(s, w), tf.add(s, w));
}

/** The valley that a point is in: that of the quadratic that is lower there. Undefined where the point is not finite. */
export function valleyOf({ratio, sharp, wide}: Pick<TwoValleyProblem, 'ratio' | 'sharp' | 'wide'>, x: ArrayLike<number>): 'sharp' | 'wide' | undefined {
  const square = (minimum: Float32Array): number => minimum.reduce((sum, m, i) => sum + (x[i]! - m) ** 2, 0), s = ratio * square(sharp), w = square(wide);
  if (!Number.isFinite(s + w)) return undefined;
  return s < w ? 'sharp' : 'wide';
}

function direction(random: Random, dimension: number): Float32Array {
  const vector = random.normals(dimension), length = Math.sqrt(vector.reduce((sum, v) => sum + v * v, 0));
  return vector.map(v => v / length);
}
