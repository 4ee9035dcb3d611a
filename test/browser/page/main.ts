/** What the tests of test/browser run inside the page. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgpu';
import '@tensorflow/tfjs-layers';
import {learnedOptimizer} from '../../../src/index.js';

const scenarios = {
  async use(backend: string): Promise<string> {
    await tf.setBackend(backend);
    await tf.ready();
    const bowl = tf.variable(tf.tensor1d([1, 2, 3]));
    const optimizer = learnedOptimizer();
    for (let i = 0; i < 10; i++) optimizer.minimize(() => tf.sum(tf.square(bowl)), false, [bowl]);
    return `${tf.getBackend()} ${[...await bowl.data()].join()}`;
  },
};

/** Name and signature of each. */
export type Scenarios = typeof scenarios;

Object.assign(globalThis, {scenarios});
