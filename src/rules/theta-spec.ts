import * as tf from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import type {Random} from '../random.js';
import type {ThetaEntry} from './rule.js';

/** Draws one weight. */
export type Initializer = (random: Random) => number;

/** One weight array of a rule: name, shape, and what meta-training starts it from. */
export type WeightSpec<Name extends string = string> = readonly [name: Name, shape: readonly number[], initializer: Initializer];

/** The weights of a theta as tensors; each array is made once, whatever number of variables uses it. */
export interface Weights<Name extends string = string> {
  /** In the shape of the layout. */
  array(name: Name): tf.Tensor;
  /** A kernel `[inputs, outputs]` as `[outputs, inputs]`. */
  transposed(name: Name): tf.Tensor2D;
}

/** All that follows from a table of weights. */
export interface ThetaSpec<Name extends string = string> {
  readonly layout: readonly ThetaEntry[];
  /** Number of floats in theta. */
  readonly size: number;
  /** Draws a theta; each array depends on the generator's seed and on its own name alone. */
  draw(random: Random): Float32Array;
  /** @throws L2OError `INVALID_THETA` for a theta of another size. */
  read(theta: tf.Tensor1D): Weights<Name>;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Always `value`. */
export const constant = (value: number): Initializer => () => value;

/** Uniform in [low, high). */
export const uniform = (low: number, high: number): Initializer => random => random.uniform(low, high);

/** Normal numbers. */
export const normal = (deviation: number, mean = 0): Initializer => random => mean + deviation * random.normal();

/** Normal numbers, drawn again where they are more than two deviations out (before that, `deviation` is theirs). */
export const truncatedNormal = (deviation: number): Initializer => random => {
  for (;;) {
    const x = random.normal();
    if (Math.abs(x) <= 2) return deviation * x;
  }
};

/**
 * Describes the theta of a rule.
 * @param rule Name of the rule, for errors.
 * @param weights Arrays in the order of the layout, row-major.
 */
export function thetaSpec<Name extends string>(rule: string, weights: ReadonlyArray<WeightSpec<Name>>): ThetaSpec<Name> {
  let size = 0;
  const layout = weights.map(([name, shape]): ThetaEntry => {
    const entry = {name, shape, offset: size, size: sizeOf(shape)};
    size += entry.size;
    return entry;
  });
  return {
    layout,
    size,
    draw(random) {
      const theta = new Float32Array(size);
      weights.forEach(([name, , initializer], i) => {
        const own = random.fork(name), {offset, size: length} = layout[i]!;
        for (let k = 0; k < length; k++) theta[offset + k] = initializer(own);
      });
      return theta;
    },
    read: theta => readWeights(rule, layout, size, theta),
  };
}

function readWeights<Name extends string>(rule: string, layout: readonly ThetaEntry[], size: number, theta: tf.Tensor1D): Weights<Name> {
  if (theta.size !== size) {
    throw new L2OError('INVALID_THETA', `${rule}: expected a theta of ${size} weights, got ${theta.size}. Pass weights that were trained for this rule.`);
  }
  const entries = new Map(layout.map(entry => [entry.name, entry]));
  const arrays = new Map<string, tf.Tensor>(), transposed = new Map<string, tf.Tensor2D>();
  const array = (name: Name): tf.Tensor => {
    // The table that the names come from is the one that the layout comes from.
    const {offset, size: length, shape} = entries.get(name)!;
    const made = arrays.get(name) ?? tf.reshape(tf.slice(theta, offset, length), [...shape]);
    arrays.set(name, made);
    return made;
  };
  return {
    array,
    transposed(name) {
      const made = transposed.get(name) ?? tf.transpose(array(name) as tf.Tensor2D);
      transposed.set(name, made);
      return made;
    },
  };
}
