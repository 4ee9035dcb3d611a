/** The models whose whole training steps are measured, each on one batch of seeded data. */
import * as tf from '@tensorflow/tfjs-core';
import {initializers, layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {attentionNetwork} from '../../src/evaluation/tasks/attention-network.js';
import {Random} from '../../src/random.js';
import {toTensors} from '../../src/tasks/families/shared/parameters.js';

/** A model in training; the caller disposes it, and the optimizer. */
export interface Trainee {
  readonly numParams: number;
  /** One training step; done when the loss is known. */
  step(): Promise<number>;
  dispose(): void;
}

const NUM_CLASSES = 10;

/** Inputs and classes of one batch. */
function batchOf(shape: readonly number[]): {x: tf.Tensor; y: tf.Tensor2D} {
  const random = new Random(2), [size] = shape as [number], count = shape.reduce((a, b) => a * b);
  const targets = new Float32Array(size * NUM_CLASSES);
  for (let i = 0; i < size; i++) targets[i * NUM_CLASSES + random.integer(NUM_CLASSES)] = 1;
  return {x: tf.tensor(random.normals(count), [...shape]), y: tf.tensor2d(targets, [size, NUM_CLASSES])};
}

/** Trains a Layers model by `trainOnBatch`, as `fit` does. */
function layersTrainee(model: LayersModel, batchShape: readonly number[], optimizer: tf.Optimizer): Trainee {
  const {x, y} = batchOf(batchShape);
  model.compile({optimizer, loss: 'categoricalCrossentropy'});
  return {
    numParams: model.countParams(),
    step: async () => await model.trainOnBatch(x, y) as number,
    dispose: () => {
      model.dispose();
      tf.dispose([x, y]);
    },
  };
}

const kernelInitializer = initializers.glorotUniform({seed: 1});
const classes = (): ReturnType<typeof layers.dense> => layers.dense({units: NUM_CLASSES, activation: 'softmax', kernelInitializer});

/** A small conv net for images of 28×28, with weights that are always the same. */
export function convNet(): LayersModel {
  return sequential({layers: [
    layers.conv2d({filters: 8, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1], kernelInitializer}),
    layers.maxPooling2d({poolSize: 2}),
    layers.conv2d({filters: 16, kernelSize: 3, activation: 'relu', kernelInitializer}),
    layers.maxPooling2d({poolSize: 2}),
    layers.flatten(), classes(),
  ]});
}

/** What {@link convNet} is. */
export const CONV_NET = 'conv 3×3×8, pool, conv 3×3×16, pool, dense 10, on 28×28×1';

/** One transformer block, by tf functions and `minimize`. */
function transformer(optimizer: tf.Optimizer): Trainee {
  const batch = 32, numTokens = 16, featuresPerToken = 16, random = new Random(1);
  const {parameters, predict} = attentionNetwork({featuresPerToken, width: 64, numHeads: 4})(random, numTokens * featuresPerToken, NUM_CLASSES);
  const {x, y} = batchOf([batch, numTokens * featuresPerToken]), values = toTensors(parameters);
  const variables = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, tf.variable(value)]));
  tf.dispose(values);
  return {
    numParams: parameters.reduce((sum, parameter) => sum + parameter.values.length, 0),
    step: async () => {
      const cost = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, predict(variables, x as tf.Tensor2D)), true, Object.values(variables))!;
      const [loss] = await cost.data<'float32'>();
      cost.dispose();
      return loss!;
    },
    dispose: () => tf.dispose([variables, x, y]),
  };
}

/** By name: what it is, and how one begins to train it. */
export const MODELS = {
  mlp: {
    title: 'MLP 784-128-10, batch 64',
    open: optimizer => layersTrainee(sequential({layers: [layers.dense({units: 128, activation: 'relu', inputShape: [784], kernelInitializer}), classes()]}), [64, 784], optimizer),
  },
  conv: {title: `${CONV_NET}, batch 32`, open: optimizer => layersTrainee(convNet(), [32, 28, 28, 1], optimizer)},
  lstm: {
    title: 'LSTM of 64 units, dense 10, on 28 steps of 28, batch 32',
    // TF.js's own default initializer needs chained operations, which nothing here registers.
    open: optimizer => layersTrainee(sequential({layers: [layers.lstm({units: 64, inputShape: [28, 28], kernelInitializer, recurrentInitializer: kernelInitializer}), classes()]}), [32, 28, 28], optimizer),
  },
  transformer: {title: 'transformer block of width 64, 4 heads, on 16 tokens of 16, batch 32', open: transformer},
} as const satisfies Readonly<Record<string, {readonly title: string; readonly open: (optimizer: tf.Optimizer) => Trainee}>>;
export type ModelName = keyof typeof MODELS;
