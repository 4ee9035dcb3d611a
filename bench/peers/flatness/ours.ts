/**
 * This package's flatness measures on the node backend, for `../flatness.ts`, which starts it and says what to measure: of the network
 * and the batch in the file DATA.
 *
 *     tsx ours.ts DATA SETTINGS
 */
import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {readFileSync} from 'node:fs';
import {estimateHessianNorm} from '../../../src/flatness/hessian-norm.js';
import {estimateHessianTrace} from '../../../src/flatness/hessian-trace.js';
import {enableHigherOrderGradients} from '../../../src/flatness/higher-order-gradients.js';
import {modelProbe} from '../../../src/flatness/model-probe.js';
import {Neighbourhood} from '../../../src/flatness/neighbourhood.js';
import {norm} from '../../../src/flatness/vectors.js';
import {Random} from '../../../src/random.js';
import {useBackend} from '../../../test/support/backends.js';
import type {FlatnessAsk, FlatnessFound} from '../protocol.js';
import {serve, type Prepared} from '../serve.js';
import {sizeOf, type FlatnessSettings} from './settings.js';

const {sizes, batchSize, numProbes} = JSON.parse(process.argv[3]!) as FlatnessSettings, [inputs, hidden, outputs] = sizes;
const floats = new Float32Array(new Uint8Array(readFileSync(process.argv[2]!)).buffer);

await useBackend('node');
enableHigherOrderGradients();
const model = sequential({layers: [layers.dense({units: hidden, activation: 'relu', inputShape: [inputs]}), layers.dense({units: outputs, activation: 'softmax'})]});
model.compile({optimizer: 'sgd', loss: 'categoricalCrossentropy'});
let at = 0;
const take = (...shape: number[]): tf.Tensor => tf.tensor(floats.slice(at, at += sizeOf(shape)), shape);
model.setWeights([take(inputs, hidden), take(hidden), take(hidden, outputs), take(outputs)]);
const x = take(batchSize, inputs), y = take(batchSize, outputs);

function prepare(what: string): Prepared<FlatnessFound> {
  const {measure} = JSON.parse(what) as FlatnessAsk;
  const exact = !measure.includes('differences'), random = new Random(1), samples = 2 * numProbes;
  const probe = modelProbe('bench', model, x, y, {batchSize, exact});
  // Made anew each time, as for a report: it remembers the gradient.
  const estimate = measure === 'gradient' ? () => norm(new Neighbourhood(probe).gradientHere().gradient)
    : measure.startsWith('trace') ? () => estimateHessianTrace(new Neighbourhood(probe), random, samples).value
      : () => estimateHessianNorm(new Neighbourhood(probe), random, samples).value;
  const values: number[] = [];
  return {
    act: () => values.push(estimate()),
    check: () => ({value: values.reduce((sum, value) => sum + value, 0) / values.length}),
    dispose: () => undefined,
  };
}

await serve(prepare, {node: process.version, tfjs: tf.version_core});
