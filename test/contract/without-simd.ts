/** Trains where WebAssembly has no SIMD, in a process of its own, and prints what came of it as JSON. */
import * as tf from '@tensorflow/tfjs-core';
// Registers gradients.
import '@tensorflow/tfjs-layers';
import {learnedOptimizer, registerWasmTrainingKernels, type L2OError} from '../../src/index.js';
import {useBackend} from '../support/backends.js';
import {Bowl, minimize} from './bowl.js';

const results: unknown[] = [];
for (const name of ['cpu', 'wasm'] as const) {
  await useBackend(name);
  const notices: string[] = [], bowl = new Bowl([[4, 3], [5], []]);
  const optimizer = learnedOptimizer({numSteps: 50, learningRate: 0.2, clipNorm: 1, weightDecay: 0.1, onNotice: notice => void notices.push(notice)});
  minimize(optimizer, bowl, 0, 30);
  optimizer.minimize(() => tf.mul(bowl.loss(), NaN), false, bowl.variables);
  minimize(optimizer, bowl, 30, 50);
  results.push({name, notices, skipped: optimizer.skippedSteps, values: bowl.values().map(v => [...v])});
  optimizer.dispose();
  bowl.dispose();
}

// The training kernels, which need SIMD: MaxPoolGrad stays TF.js's own, and a gradient that TF.js lacks says why it is lacking.
await useBackend('wasm');
const registered = registerWasmTrainingKernels(), image = tf.ones<tf.Rank.R4>([1, 2, 2, 1]);
const pooled = [...tf.grad(x => tf.sum(tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid')))(image).dataSync()];
let code: string | undefined;
try {
  tf.grad(filter => tf.sum(tf.conv2d(image, filter as tf.Tensor4D, 1, 'valid')))(tf.ones([1, 1, 1, 1])).dataSync();
} catch (error) {
  code = (error as L2OError).code;
}
console.log(JSON.stringify({results, kernels: {registered, pooled: pooled.reduce((a, b) => a + b, 0), code}}));
