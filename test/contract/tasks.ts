/**
 * Small seeded models with their data, for the tests of the optimizer's contract.
 */
import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model as functionalModel, sequential, type LayersModel, type SymbolicTensor} from '@tensorflow/tfjs-layers';
import {Random} from '../../src/random.js';

/** One batch; the caller disposes it. */
export interface Batch {
  readonly x: tf.Tensor;
  readonly y: tf.Tensor | tf.Tensor[];
}

/** A model and what it is trained on. */
export interface Task {
  readonly title: string;
  readonly loss: string | string[];
  /** A new model, always with the same weights. */
  build(): LayersModel;
  /** The batch of a step: the same one for the same number. */
  batch(step: number): Batch;
}

const BATCH_SIZE = 16;

/** Weights that depend on the seed and on the model's shapes alone: kernels normal with 1 / fan-in, the rest as built. */
function seeded(model: LayersModel, seed: number): LayersModel {
  const random = new Random(seed);
  const weights = model.getWeights().map(w => {
    if (w.rank < 2) return tf.clone(w);
    return tf.tensor(random.normals(w.size, Math.sqrt(w.shape[w.rank - 1]! / w.size)), w.shape);
  });
  model.setWeights(weights);
  tf.dispose(weights);
  return model;
}

/** Inputs of a step, and a linear teacher's answers to them. */
function drawn(seed: number, step: number, shape: readonly number[], outputs: number): {x: tf.Tensor; answers: Float32Array[]} {
  const size = shape.reduce((a, b) => a * b, 1);
  const teacher = new Random(seed).fork('teacher').normals(size * outputs, 1 / Math.sqrt(size));
  const values = new Random(seed).fork(step).normals(BATCH_SIZE * size);
  const answers = Array.from({length: BATCH_SIZE}, (_, row) =>
    Float32Array.from({length: outputs}, (_, out) => {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += values[row * size + i]! * teacher[out * size + i]!;
      return sum;
    }));
  return {x: tf.tensor(values, [BATCH_SIZE, ...shape]), answers};
}

function numbers(answers: readonly Float32Array[]): tf.Tensor {
  return tf.tensor2d(answers.map(a => [...a]));
}

function classes(answers: readonly Float32Array[]): tf.Tensor {
  return tf.tensor2d(answers.map(a => [...a].map(value => (value === Math.max(...a) ? 1 : 0))));
}

/** Linear regression: one dense layer. */
export const regression: Task = {
  title: 'a linear regression',
  loss: 'meanSquaredError',
  build: () => seeded(sequential({layers: [layers.dense({units: 1, inputShape: [3]})]}), 1),
  batch(step) {
    const {x, answers} = drawn(1, step, [3], 1);
    return {x, y: numbers(answers)};
  },
};

/** A classifier with one hidden layer. */
export const mlp: Task = {
  title: 'a sequential MLP',
  loss: 'categoricalCrossentropy',
  build: () => seeded(sequential({layers: [layers.dense({units: 9, activation: 'relu', inputShape: [5]}), layers.dense({units: 3, activation: 'softmax'})]}), 2),
  batch(step) {
    const {x, answers} = drawn(2, step, [5], 3);
    return {x, y: classes(answers)};
  },
};

/** A functional model with a number and a class as outputs. */
export const twoOutputs: Task = {
  title: 'a functional model with two outputs',
  loss: ['meanSquaredError', 'categoricalCrossentropy'],
  build() {
    const x = input({shape: [5]});
    const hidden = layers.dense({units: 8, activation: 'tanh'}).apply(x) as SymbolicTensor;
    const outputs = [layers.dense({units: 1}), layers.dense({units: 2, activation: 'softmax'})].map(layer => layer.apply(hidden) as SymbolicTensor);
    return seeded(functionalModel({inputs: x, outputs}), 3);
  },
  batch(step) {
    const {x, answers} = drawn(3, step, [5], 3);
    return {x, y: [numbers(answers.map(a => a.slice(0, 1))), classes(answers.map(a => a.slice(1)))]};
  },
};

/** A convolutional net with batch normalisation. */
export const conv: Task = {
  title: 'a conv net',
  loss: 'categoricalCrossentropy',
  build: () => seeded(sequential({layers: [
    layers.conv2d({filters: 3, kernelSize: 3, activation: 'relu', inputShape: [5, 5, 1]}), layers.batchNormalization(), layers.flatten(),
    layers.dense({units: 2, activation: 'softmax'}),
  ]}), 4),
  batch(step) {
    const {x, answers} = drawn(4, step, [5, 5, 1], 2);
    return {x, y: classes(answers)};
  },
};

/** A recurrent classifier. TF.js's own default initializer needs chained operations, which nothing here registers. */
export const lstm: Task = {
  title: 'an LSTM classifier',
  loss: 'categoricalCrossentropy',
  build: () => seeded(sequential({layers: [layers.lstm({units: 5, recurrentInitializer: 'glorotNormal', inputShape: [3, 2]}), layers.dense({units: 2, activation: 'softmax'})]}), 5),
  batch(step) {
    const {x, answers} = drawn(5, step, [3, 2], 2);
    return {x, y: classes(answers)};
  },
};

/** An autoencoder of inputs that lie in a plane. */
export const autoencoder: Task = {
  title: 'an autoencoder',
  loss: 'meanSquaredError',
  build: () => seeded(sequential({layers: [layers.dense({units: 3, activation: 'tanh', inputShape: [6]}), layers.dense({units: 6})]}), 6),
  batch(step) {
    const {x, answers} = drawn(6, step, [2], 6);
    x.dispose();
    const y = numbers(answers);
    return {x: tf.clone(y), y};
  },
};
