/** A small model to regularize, and its training. */
import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type Callback, type LayersModel, type Sequential} from '@tensorflow/tfjs-layers';
import {FlatnessRegularizer} from '../../src/flatness/flatness-regularizer.js';
import type {FlatnessRegularizerOptions} from '../../src/flatness/flatness-regularizer-options.js';
import {Random} from '../../src/random.js';

/** Sharpness with its defaults. */
export const SHARP = {measure: 'sharpness', strength: 1} as const satisfies FlatnessRegularizerOptions;

/** A net with everything whose second evaluation could leave a trace. */
export function makeModel(optimizer: tf.Optimizer, metrics: string[] = ['accuracy']): Sequential {
  const model = sequential({layers: [
    layers.dense({units: 6, activation: 'tanh', inputShape: [4]}), layers.batchNormalization(), layers.dropout({rate: 0.4}), layers.dense({units: 3, activation: 'softmax'}),
  ]}), random = new Random(5);
  model.setWeights(model.getWeights().map(w => tf.tensor(random.normals(w.size, 0.5).map(v => (w.rank === 1 ? Math.abs(v) + 0.1 : v)), w.shape)));
  model.compile({optimizer, loss: 'categoricalCrossentropy', metrics});
  return model;
}

/** Examples of three classes. */
export function makeData(numExamples = 24): {x: tf.Tensor2D; y: tf.Tensor2D} {
  const random = new Random(7);
  const targets = Array.from({length: numExamples}, () => random.integer(3)).flatMap(label => [0, 1, 2].map(c => Number(c === label)));
  return {x: tf.tensor2d(random.normals(numExamples * 4), [numExamples, 4]), y: tf.tensor2d(targets, [numExamples, 3])};
}

/** Copies of a model's weights. */
export const weightsOf = (model: LayersModel): number[][] => model.getWeights().map(w => Array.from(w.dataSync()));

/** What `f` does with TF.js's shuffles and masks drawn from a seed. */
export async function seeded<T>(f: () => Promise<T>, seed = 11): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(Math, 'random')!, random = new Random(seed);
  Object.defineProperty(Math, 'random', {...own, value: () => random.uniform()});
  try {
    return await f();
  } finally {
    Object.defineProperty(Math, 'random', own);
  }
}

/** Weights and history after a short fit. */
export async function train(optimizer: tf.Optimizer, callbacks?: FlatnessRegularizer, epochs = 2): Promise<{weights: number[][]; history: Record<string, number[]>}> {
  const model = makeModel(optimizer), {x, y} = makeData();
  const {history} = await seeded(() => model.fit(x, y, {epochs, batchSize: 8, verbose: 0, ...(callbacks !== undefined && {callbacks})}));
  const weights = weightsOf(model);
  tf.dispose([x, y]);
  model.dispose();
  optimizer.dispose();
  return {weights, history: history as Record<string, number[]>};
}

/** A callback that runs `f` at the end of each batch. */
export function atBatchEnd(f: (batch: number, logs: Record<string, unknown>, model: LayersModel) => void | Promise<void>): Callback {
  const callback = new FlatnessRegularizer({...SHARP, strength: 0});
  let model: unknown;
  callback.setModel = given => { model = given; };
  callback.onTrainBegin = (): Promise<void> => Promise.resolve();
  callback.onEpochEnd = (): Promise<void> => Promise.resolve();
  callback.onBatchEnd = async (batch, logs) => f(batch, logs as Record<string, unknown>, model as LayersModel);
  return callback;
}
