/** This package's step on the wasm backend, for `../step.ts`, which starts it and says what to step. */
import * as tf from '@tensorflow/tfjs-core';
import {Random} from '../../../src/random.js';
import {useBackend} from '../../../test/support/backends.js';
import {makeContender} from '../../measures/contenders.js';
import type {StepAsk, StepFound} from '../protocol.js';
import {serve, type Prepared} from '../serve.js';

function prepare(what: string): Prepared<StepFound> {
  const {shape, numVariables} = JSON.parse(what) as StepAsk;
  const random = new Random(0), size = shape.reduce((product, n) => product * n, 1), optimizer = makeContender('learned');
  const draw = (deviation: number): tf.Tensor => tf.tensor(random.normals(size, deviation), [...shape]);
  const pairs = Array.from({length: numVariables}, () => ({variable: tf.tidy(() => tf.variable(draw(0.1))), tensor: draw(0.01)}));
  const gradients = pairs.map(({variable: {name}, tensor}) => ({name, tensor}));
  return {
    act: () => optimizer.applyGradients(gradients),
    check: () => ({finite: pairs.every(({variable}) => variable.dataSync().every(Number.isFinite))}),
    dispose: () => {
      optimizer.dispose();
      tf.dispose(pairs.flatMap(({variable, tensor}) => [variable, tensor]));
    },
  };
}

await useBackend('wasm');
await serve(prepare, {node: process.version, tfjs: tf.version_core, rules: ['tensor-lstm']});
