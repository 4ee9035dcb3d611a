/**
 * One training step of a small conv net: TF.js's cpu backend against its wasm backend with our training kernels, in turn
 * in one run. Prints one JSON object.
 *
 *     npm run -s bench:training-kernels
 */
import * as tf from '@tensorflow/tfjs-core';
import {initializers, layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import {createRequire} from 'node:module';
import {dirname} from 'node:path';
import {learnedOptimizer, registerWasmTrainingKernels} from '../src/index.js';
import {Random} from '../src/random.js';

const require = createRequire(import.meta.url);
setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);

const BATCH = 32, ROUNDS = 3;
const STEPS = {cpu: 2, wasm: 20} as const;

function build(): LayersModel {
  const kernelInitializer = initializers.glorotUniform({seed: 1});
  const model = sequential({layers: [
    layers.conv2d({filters: 8, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1], kernelInitializer}),
    layers.maxPooling2d({poolSize: 2}),
    layers.conv2d({filters: 16, kernelSize: 3, activation: 'relu', kernelInitializer}),
    layers.maxPooling2d({poolSize: 2}),
    layers.flatten(), layers.dense({units: 10, activation: 'softmax', kernelInitializer}),
  ]});
  model.compile({optimizer: learnedOptimizer({numSteps: 1000}), loss: 'categoricalCrossentropy'});
  return model;
}

const times: Record<keyof typeof STEPS, number[]> = {cpu: [], wasm: []};
for (let round = 0; round <= ROUNDS; round++) {
  for (const backend of ['cpu', 'wasm'] as const) {
    await tf.setBackend(backend);
    if (backend === 'wasm') registerWasmTrainingKernels();
    const model = build(), random = new Random(2);
    const x = tf.tensor4d(random.normals(BATCH * 784), [BATCH, 28, 28, 1]), y = tf.oneHot(tf.tensor1d(Array.from({length: BATCH}, (_, i) => i % 10), 'int32'), 10);
    await model.trainOnBatch(x, y);
    const start = performance.now();
    for (let i = 0; i < STEPS[backend]; i++) await model.trainOnBatch(x, y);
    // The first round warms up.
    if (round > 0) times[backend].push((performance.now() - start) / STEPS[backend]);
    model.optimizer.dispose();
    model.dispose();
    tf.dispose([x, y]);
  }
}
const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const cpuMs = median(times.cpu), wasmMs = median(times.wasm);
console.log(JSON.stringify({
  net: 'conv 3×3×8, pool, conv 3×3×16, pool, dense 10, on 28×28×1', batch: BATCH,
  cpuMsPerStep: Number(cpuMs.toFixed(1)), wasmMsPerStep: Number(wasmMs.toFixed(1)), speedup: Number((cpuMs / wasmMs).toFixed(1)),
}, null, 1));
