/** Trains where WebAssembly has no SIMD, in a process of its own, and prints what came of it as JSON. */
import * as tf from '@tensorflow/tfjs-core';
// Registers gradients.
import '@tensorflow/tfjs-layers';
import {learnedOptimizer} from '../../src/index.js';
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
console.log(JSON.stringify(results));
