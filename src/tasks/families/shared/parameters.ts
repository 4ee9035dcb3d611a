import * as tf from '@tensorflow/tfjs-core';
import type {Random} from '../../../random.js';
import {randomOrthogonal} from './linear-algebra.js';

/** The start of one parameter, on the host: the same for every rollout of a task. */
export interface InitialParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Initialisations of kernels, by their names in TF.js. */
export const INITIALIZATIONS = ['glorotUniform', 'heNormal', 'lecunNormal'] as const;
export type Initialization = (typeof INITIALIZATIONS)[number];

/** A parameter of zeros. */
export function zeros(name: string, shape: readonly number[]): InitialParameter {
  return {name, shape, values: new Float32Array(sizeOf(shape))};
}

/** A kernel `[…, inputs, outputs]`; the dimensions before the last two are a convolution's window. */
export function kernel(random: Random, initialization: Initialization, name: string, shape: readonly number[]): InitialParameter {
  const window = sizeOf(shape.slice(0, -2)), fanIn = window * shape.at(-2)!, fanOut = window * shape.at(-1)!;
  const count = sizeOf(shape);
  switch (initialization) {
    case 'glorotUniform': {
      const limit = Math.sqrt(6 / (fanIn + fanOut));
      return {name, shape, values: Float32Array.from({length: count}, () => random.uniform(-limit, limit))};
    }
    case 'heNormal':
      return {name, shape, values: random.normals(count, Math.sqrt(2 / fanIn))};
    case 'lecunNormal':
      return {name, shape, values: random.normals(count, Math.sqrt(1 / fanIn))};
  }
}

/** A kernel `[units, units * blocks]` of orthogonal blocks side by side, as Layers start recurrent kernels. */
export function orthogonalBlocks(random: Random, name: string, units: number, blocks: number): InitialParameter {
  const values = new Float32Array(units * units * blocks);
  for (let block = 0; block < blocks; block++) {
    const q = randomOrthogonal(random, units);
    for (let i = 0; i < units; i++) for (let j = 0; j < units; j++) values[(i * blocks + block) * units + j] = q[i * units + j]!;
  }
  return {name, shape: [units, units * blocks], values};
}

/** New tensors of the parameters, which the caller disposes. */
export function toTensors(parameters: readonly InitialParameter[]): tf.NamedTensorMap {
  // The cpu backend's tensors alias the array they are made from.
  return Object.fromEntries(parameters.map(({name, shape, values}) => [name, tf.tensor(values.slice(), [...shape], 'float32')]));
}

/** A tensor that outlives any tidy, until its task disposes it. */
export function keptTensor(values: Float32Array, shape: readonly number[]): tf.Tensor {
  return tf.keep(tf.tensor(values.slice(), [...shape], 'float32'));
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
