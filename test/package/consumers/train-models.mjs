// Trains each kind of model through the packed package on the backend that the command line names, and prints, per
// kind, the first and last loss. The optimizer takes one line of user code.
import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model, sequential} from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import {createRequire} from 'node:module';
import {dirname} from 'node:path';
import {learnedOptimizer, registerWasmTrainingKernels} from 'tfjs-l2o';

const [backend] = process.argv.slice(2);
const require = createRequire(import.meta.url);
setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);
if (backend === 'node') require('@tensorflow/tfjs-node');
await tf.setBackend(backend === 'node' ? 'tensorflow' : backend);
if (backend === 'wasm') registerWasmTrainingKernels(); // TF.js's own wasm backend has no gradient of conv2d

const random = (shape, seed) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const kernelInitializer = 'glorotNormal';
const classes = x => tf.oneHot(tf.cast(tf.greater(tf.sum(tf.reshape(x, [x.shape[0], -1]), 1), 0), 'int32'), 2);
const results = {};

async function fit(name, net, loss, x, y) {
  net.compile({optimizer: learnedOptimizer(), loss});
  const {history} = await net.fit(x, y, {epochs: 30, batchSize: 32, shuffle: false, verbose: 0});
  results[name] = [history.loss[0], history.loss.at(-1)];
}

const x = random([64, 6], 1);
await fit('mlp', sequential({layers: [layers.dense({units: 8, activation: 'relu', inputShape: [6]}), layers.dense({units: 2, activation: 'softmax'})]}), 'categoricalCrossentropy', x, classes(x));

const inputs = input({shape: [6]}), shared = layers.dense({units: 8, activation: 'tanh'}).apply(inputs);
const outputs = [layers.dense({units: 2, activation: 'softmax'}).apply(shared), layers.dense({units: 1}).apply(shared)];
await fit('twoOutputs', model({inputs, outputs}), ['categoricalCrossentropy', 'meanSquaredError'], x, [classes(x), tf.sum(x, 1, true)]);

const images = random([32, 8, 8, 1], 2);
await fit('conv', sequential({layers: [layers.conv2d({filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1]}), layers.flatten(), layers.dense({units: 2, activation: 'softmax'})]}), 'categoricalCrossentropy', images, classes(images));

const sequences = random([64, 5, 2], 3);
await fit('lstm', sequential({layers: [layers.lstm({units: 6, inputShape: [5, 2], kernelInitializer, recurrentInitializer: kernelInitializer}), layers.dense({units: 2, activation: 'softmax'})]}), 'categoricalCrossentropy', sequences, classes(sequences));
await fit('autoencoder', sequential({layers: [layers.dense({units: 3, activation: 'tanh', inputShape: [6]}), layers.dense({units: 6})]}), 'meanSquaredError', x, x);
await fit('linear', sequential({layers: [layers.dense({units: 1, inputShape: [6]})]}), 'meanSquaredError', x, tf.sum(x, 1, true));

const weight = tf.variable(tf.tensor1d([3, -2])), optimizer = learnedOptimizer(), losses = [];
for (let i = 0; i < 60; i++) losses.push(optimizer.minimize(() => tf.sum(tf.square(weight)), true).dataSync()[0]);
results.loop = [losses[0], losses.at(-1)];
console.log(JSON.stringify(results));
