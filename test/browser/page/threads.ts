import * as tf from '@tensorflow/tfjs-core';
import {learnedOptimizer} from '../../../src/index.js';
import {selectRunner} from '../../../src/kernel/select-runner.js';
import {WasmRunner} from '../../../src/kernel/wasm-runner.js';
import {SHARED_FROM} from '../../../src/kernel/wasm-step.js';
import {Random} from '../../../src/random.js';

const SIZES = [SHARED_FROM + 1029, 7, 3 * SHARED_FROM];
const NUM_STEPS = 5;

async function run(numThreads: number, onNotice: (notice: string) => void): Promise<Float32Array[]> {
  const random = new Random(3), optimizer = learnedOptimizer({numSteps: 20, numThreads, onNotice});
  const variables = SIZES.map(size => tf.tidy(() => tf.variable(tf.tensor1d(random.normals(size, 0.3)))));
  for (let step = 0; step < NUM_STEPS; step++) {
    const gradients = SIZES.map(size => tf.tensor1d(random.normals(size, 0.1)));
    optimizer.applyGradients(variables.map(({name}, i) => ({name, tensor: gradients[i]!})));
    tf.dispose(gradients);
    // The page starts its workers meanwhile.
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  const values = variables.map(v => v.dataSync<'float32'>().slice());
  optimizer.dispose();
  tf.dispose(variables);
  return values;
}

/** Runs with and without threads, until others than the page's own have been at work or a notice says why none are: bits that differ, and these chunks. */
export async function threads(numThreads: number): Promise<{different: number; sharedChunks: number; notices: string[]}> {
  const notices: string[] = [], alone = await run(1, () => undefined), runner = selectRunner(() => undefined, 'tensor-lstm', numThreads);
  const sharedChunks = (): number => (runner instanceof WasmRunner ? runner.sharedChunks : 0);
  let different = 0;
  do {
    const together = await run(numThreads, notice => void notices.push(notice));
    different += alone.reduce((sum, values, i) => sum + values.reduce((count, x, j) => count + (Object.is(x, together[i]![j]) ? 0 : 1), 0), 0);
  } while (sharedChunks() === 0 && notices.length === 0);
  return {different, sharedChunks: sharedChunks(), notices};
}
