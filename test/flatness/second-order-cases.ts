/** Losses of every kind of op that training uses, for tests of gradients of gradients. */
import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {Random} from '../../src/random.js';

/** A loss as a function of a few tensors. */
export interface OpCase {
  readonly name: string;
  readonly shapes: readonly number[][];
  loss(weights: tf.Tensor[]): tf.Scalar;
}

const random = new Random(12);
const X = random.normals(24), IMAGE = random.normals(2 * 6 * 6 * 2), TARGET = random.normals(12);
const x = (): tf.Tensor2D => tf.tensor2d(X.slice(), [6, 4]);
const image = (): tf.Tensor4D => tf.tensor4d(IMAGE.slice(), [2, 6, 6, 2]);
const target = (): tf.Tensor2D => tf.tensor2d(TARGET.slice(), [6, 2]);
const classes = (): tf.Tensor2D => tf.tensor2d([1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1], [6, 2]);
const mean = (t: tf.Tensor): tf.Scalar => tf.mean<tf.Scalar>(t);
const square = (t: tf.Tensor): tf.Scalar => mean(tf.square(t));
const crossEntropy = (logits: tf.Tensor): tf.Scalar => tf.neg(mean(tf.mul(tf.logSoftmax(logits), classes())));

/** A hidden layer of 5 units with an activation, then 2 outputs. */
function activated(name: string, activation: (h: tf.Tensor) => tf.Tensor): OpCase {
  return {
    name, shapes: [[4, 5], [5], [5, 2]],
    loss: ([a, b, c]) => crossEntropy(tf.matMul(activation(tf.add(tf.matMul(x(), a as tf.Tensor2D), b!)), c as tf.Tensor2D)),
  };
}

/** A loss of two outputs. */
function headed(name: string, loss: (logits: tf.Tensor) => tf.Scalar): OpCase {
  return {name, shapes: [[4, 3], [3, 2]], loss: ([a, b]) => loss(tf.matMul(tf.tanh(tf.matMul(x(), a as tf.Tensor2D)), b as tf.Tensor2D))};
}

/** A tanh convolution to 3 channels, then something else. */
function convolved(name: string, shapes: number[][], then: (h: tf.Tensor4D, rest: tf.Tensor[]) => tf.Tensor): OpCase {
  return {
    name, shapes: [[3, 3, 2, 3], ...shapes],
    loss: ([filter, ...rest]) => square(tf.add(then(tf.tanh(tf.conv2d(image(), filter as tf.Tensor4D, 1, 'same')), rest), 0.3)),
  };
}

/** The ops of the case table. */
export const OP_CASES: readonly OpCase[] = [
  ...Object.entries({
    relu: tf.relu, tanh: tf.tanh, sigmoid: tf.sigmoid, softplus: tf.softplus, relu6: tf.relu6, leakyRelu: tf.leakyRelu, selu: tf.selu, elu: tf.elu,
    softmax: tf.softmax, exp: tf.exp, erf: tf.erf,
  } as Readonly<Record<string, (h: tf.Tensor) => tf.Tensor>>).map(([name, f]) => activated(name, f)),
  activated('gelu', h => tf.mul(h, tf.mul(0.5, tf.add(1, tf.erf(tf.div(h, Math.SQRT2)))))),
  activated('gelu by tanh', h => tf.mul(tf.mul(0.5, h), tf.add(1, tf.tanh(tf.mul(0.8, tf.add(h, tf.mul(0.045, tf.pow(h, 3)))))))),
  activated('prelu', h => tf.prelu(h, tf.scalar(0.3))),
  activated('layer normalisation', h => {
    const {mean: m, variance} = tf.moments(h, 1, true);
    return tf.mul(tf.sub(h, m), tf.rsqrt(tf.add(variance, 1e-2)));
  }),
  activated('batch normalisation', h => {
    const {mean: m, variance} = tf.moments(h, 0);
    return tf.batchNorm(h as tf.Tensor2D, m as tf.Tensor1D, variance as tf.Tensor1D, tf.zeros([5]), tf.ones([5]), 1e-2);
  }),
  activated('max and min', h => tf.add(tf.max(h, 1, true), tf.mul(h, tf.min(h, 1, true)))),
  activated('maximum and minimum', h => tf.minimum(tf.maximum(h, tf.mul(h, 0.2)), tf.add(tf.tanh(h), 1))),
  activated('clip', h => tf.mul(tf.clipByValue(h, -0.7, 0.7), tf.sigmoid(h))),
  activated('where', h => tf.where(tf.greater(h, 0.2), tf.square(h), tf.sin(h))),
  activated('logSumExp', h => tf.mul(h, tf.logSumExp(h, 1, true))),
  headed('mean squared error', out => square(tf.sub(out, target()))),
  headed('huber loss', out => tf.losses.huberLoss(target(), out, undefined, 0.5)),
  headed('sigmoid cross-entropy', out => tf.losses.sigmoidCrossEntropy(classes(), out)),
  headed('softmax cross-entropy', out => tf.losses.softmaxCrossEntropy(classes(), out)),
  headed('log loss', out => tf.losses.logLoss(classes(), tf.sigmoid(out))),
  headed('cosine distance', out => tf.losses.cosineDistance(target(), tf.div(out, tf.norm(out)), 1)),
  {
    name: 'attention', shapes: [[4, 3], [4, 3], [4, 3]],
    loss: weights => {
      const [q, k, v] = weights.map(w => tf.matMul(x(), w as tf.Tensor2D));
      return square(tf.sub(tf.matMul(tf.softmax(tf.matMul(q!, k!, false, true)), v!), 0.5));
    },
  },
  {
    name: 'gather', shapes: [[5, 3], [3, 2]],
    loss: ([table, out]) => crossEntropy(tf.matMul(tf.tanh(tf.gather(table!, tf.tensor1d([0, 2, 2, 4, 1, 0], 'int32'))), out as tf.Tensor2D)),
  },
  {
    name: 'basic LSTM cell', shapes: [[7, 12], [12]],
    loss: ([kernel, bias]) => {
      let c = tf.zeros<tf.Rank.R2>([6, 3]), h = tf.zeros<tf.Rank.R2>([6, 3]);
      for (let t = 0; t < 2; t++) [c, h] = tf.basicLSTMCell(tf.scalar(1), kernel as tf.Tensor2D, bias as tf.Tensor1D, x(), c, h);
      return square(tf.sub(h, 0.4));
    },
  },
  {
    name: 'conv1d', shapes: [[3, 4, 2]],
    loss: ([filter]) => square(tf.sub(tf.tanh(tf.conv1d(tf.reshape<tf.Rank.R3>(x(), [1, 6, 4]), filter as tf.Tensor3D, 1, 'same')), 0.3)),
  },
  convolved('conv2d', [[2, 2, 3, 2]], (h, [filter]) => tf.tanh(tf.conv2d(h, filter as tf.Tensor4D, 2, 'valid'))),
  convolved('conv2dTranspose', [[2, 2, 2, 3]], (h, [filter]) => tf.tanh(tf.conv2dTranspose(h, filter as tf.Tensor4D, [2, 12, 12, 2], 2, 'same'))),
  convolved('depthwiseConv2d', [[3, 3, 3, 2]], (h, [filter]) => tf.tanh(tf.depthwiseConv2d(h, filter as tf.Tensor4D, 1, 'same'))),
  convolved('separableConv2d', [[2, 2, 3, 1], [1, 1, 3, 2]], (h, [d, p]) => tf.tanh(tf.separableConv2d(h, d as tf.Tensor4D, p as tf.Tensor4D, 1, 'valid'))),
  convolved('maxPool', [], h => tf.maxPool(h, 2, 2, 'valid')),
  convolved('overlapping maxPool', [], h => tf.maxPool(h, 3, 2, 'same')),
  convolved('avgPool', [], h => tf.avgPool(h, 3, 2, 'same')),
  convolved('global average', [], h => tf.exp(tf.mean(h, [1, 2]))),
];

/** A Layers model, its loss, and data for it. */
export interface ModelCase {
  readonly name: string;
  make(): {model: LayersModel; x: tf.Tensor; y: tf.Tensor};
}

type Layer = Parameters<ReturnType<typeof sequential>['add']>[0];
/** TF.js's orthogonal initializer, the default, needs chained methods. */
const recurrent = {recurrentInitializer: 'glorotNormal' as const, inputShape: [3, 2]};

function built(name: string, inputShape: number[], loss: string, all: () => Layer[], targets: () => tf.Tensor = classes): ModelCase {
  return {
    name,
    make: () => {
      const model = sequential({layers: all()}), draw = new Random(3);
      model.compile({optimizer: 'sgd', loss});
      // TF.js's initializers have no seed here; vectors stay positive, as variances must.
      model.setWeights(model.getWeights().map(w => tf.tidy(() => {
        const drawn = tf.tensor(draw.normals(w.size, 0.4), w.shape);
        return w.rank > 1 ? drawn : tf.add(tf.abs(drawn), 0.3);
      })));
      const size = [6, ...inputShape].reduce((a, b) => a * b, 1);
      return {model, x: name === 'embedding' ? tf.tensor2d([0, 1, 2, 3, 1, 0, 2, 2, 4, 0, 3, 3], [6, 2]) : tf.tensor(draw.normals(size), [6, ...inputShape]), y: targets()};
    },
  };
}

/** Layers models of the case table. */
export const MODEL_CASES: readonly ModelCase[] = [
  built('categorical cross-entropy', [4], 'categoricalCrossentropy', () => [layers.dense({units: 5, activation: 'tanh', inputShape: [4]}), layers.dense({units: 2, activation: 'softmax'})]),
  built('sparse categorical cross-entropy', [4], 'sparseCategoricalCrossentropy', () => [layers.dense({units: 5, activation: 'tanh', inputShape: [4]}), layers.dense({units: 2, activation: 'softmax'})],
    () => tf.tensor2d([0, 1, 1, 0, 0, 1], [6, 1])),
  built('binary cross-entropy', [4], 'binaryCrossentropy', () => [layers.dense({units: 5, activation: 'sigmoid', inputShape: [4]}), layers.dense({units: 2, activation: 'sigmoid'})]),
  built('batch normalisation and dropout', [4], 'meanSquaredError', () => [layers.dense({units: 5, activation: 'tanh', inputShape: [4]}), layers.batchNormalization(), layers.dropout({rate: 0.5}), layers.dense({units: 2})]),
  built('layer normalisation', [4], 'meanSquaredError', () => [layers.dense({units: 5, inputShape: [4]}), layers.layerNormalization(), layers.dense({units: 2, activation: 'elu'})]),
  built('simple RNN', [3, 2], 'meanSquaredError', () => [layers.simpleRNN({units: 3, ...recurrent}), layers.dense({units: 2})]),
  built('GRU', [3, 2], 'meanSquaredError', () => [layers.gru({units: 3, ...recurrent}), layers.dense({units: 2})]),
  built('LSTM', [3, 2], 'meanSquaredError', () => [layers.lstm({units: 3, ...recurrent}), layers.dense({units: 2})]),
  built('embedding', [2], 'meanSquaredError', () => [layers.embedding({inputDim: 5, outputDim: 3, inputLength: 2}), layers.flatten(), layers.dense({units: 2, activation: 'tanh'})]),
  built('conv net', [6, 6, 2], 'categoricalCrossentropy', () => [
    layers.conv2d({filters: 3, kernelSize: 3, activation: 'tanh', inputShape: [6, 6, 2]}), layers.maxPooling2d({poolSize: 2}), layers.flatten(), layers.dense({units: 2, activation: 'softmax'}),
  ]),
];
