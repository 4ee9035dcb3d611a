import {createRequire} from 'node:module';
createRequire(import.meta.url)('@tensorflow/tfjs-node');
import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {modelProbe} from '../src/flatness/model-probe.js';
import {Neighbourhood} from '../src/flatness/neighbourhood.js';
import {estimateHessianTrace} from '../src/flatness/hessian-trace.js';
import {estimateHessianNorm} from '../src/flatness/hessian-norm.js';
import {enableHigherOrderGradients} from '../src/flatness/higher-order-gradients.js';
import {Random} from '../src/random.js';
await tf.setBackend('tensorflow');
const model = sequential({layers: [layers.dense({units: 128, activation: 'relu', inputShape: [784]}), layers.dense({units: 10, activation: 'softmax'})]});
model.compile({optimizer: 'sgd', loss: 'categoricalCrossentropy'});
const x = tf.randomNormal([128, 784], 0, 1, 'float32', 1), y = tf.tensor2d(Array.from({length: 1280}, (_, i) => Number(i % 10 === Math.floor(i / 10) % 10)), [128, 10]);
enableHigherOrderGradients();
for (const exact of [false, true]) {
  const probe = modelProbe('t', model, x, y, {batchSize: 512, exact});
  const time = (f: () => void): string => { const t: number[] = []; for (let i = 0; i < 12; i++) { const s = process.cpuUsage(); f(); const e = process.cpuUsage(s); t.push((e.user + e.system) / 1000); } return Math.min(...t).toFixed(1); };
  const at = probe.parameters();
  console.log(exact, 'gradient cpu ms', time(() => probe.gradient(at)), 'trace 10 probes', time(() => estimateHessianTrace(new Neighbourhood(probe), new Random(1), 20)), 'lanczos 10', time(() => estimateHessianNorm(new Neighbourhood(probe), new Random(1), 20)));
}
