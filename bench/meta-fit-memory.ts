/**
 * Memory of long meta-trainings: `metaFit` for 10,000 outer steps on tiny tasks, by each engine and estimator. Prints one JSON object:
 * tensors, their bytes, the compiled engine's memory and the heap after garbage collection, every tenth of the run; the heap holds the
 * history, one entry a step, whose size is given beside it.
 *
 *     node --expose-gc --import tsx bench/meta-fit-memory.ts [--steps 10000]
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {parseArgs} from 'node:util';
import {metaFit} from '../src/meta/meta-fit.js';
import type {MetaFitOptions} from '../src/meta/meta-fit-options.js';
import {threadEngine} from '../src/rollout/engine.js';
import {quadraticFamily} from '../src/tasks/families/quadratic.js';
import type {TaskFamily} from '../src/tasks/task-family.js';

const {values} = parseArgs({options: {steps: {type: 'string', default: '10000'}}});
const numOuterSteps = Number(values.steps), every = Math.max(1, Math.floor(numOuterSteps / 10));
if (gc === undefined) throw new Error('run it with node --expose-gc');

const compiled = quadraticFamily({dimension: 2}) as TaskFamily;
/** The same by tf ops: without a compiled form. */
const byOps: TaskFamily = {
  name: 'bowl',
  sample(random) {
    const target = random.normals(2);
    return {
      init: () => ({x: tf.zeros([2])}), loss: ({x}) => tf.sum(tf.squaredDifference(x!, tf.tensor1d(target.slice()))),
      *batches() {
        for (;;) yield undefined;
      },
    };
  },
};

/** What memory holds now, in bytes but for the tensors. */
interface Sample {
  readonly outerStep: number;
  readonly tensors: number;
  readonly tensorBytes: number;
  readonly engineBytes: number;
  readonly heapBytes: number;
}

async function run(options: Pick<MetaFitOptions, 'tasks' | 'estimator' | 'rule'>): Promise<object> {
  const samples: Sample[] = [], before = tf.memory().numTensors;
  const {history} = await metaFit({
    ...options, numOuterSteps, numPairs: 1, windowSteps: 2, horizons: [4, 8], validateEvery: every, numHeldOut: 1, seed: 1,
    onProgress({outerStep}) {
      if (outerStep % every !== 0) return;
      gc!();
      const {numTensors, numBytes} = tf.memory();
      samples.push({outerStep, tensors: numTensors, tensorBytes: numBytes, engineBytes: threadEngine()?.memoryBytes ?? 0, heapBytes: process.memoryUsage().heapUsed});
    },
  });
  const historyBytes = JSON.stringify(history).length, [early, late] = [samples[1]!, samples.at(-1)!];
  return {
    samples, historyBytes, tensorsLeftBehind: tf.memory().numTensors - before,
    growth: {tensors: late.tensors - early.tensors, tensorBytes: late.tensorBytes - early.tensorBytes, engineBytes: late.engineBytes - early.engineBytes, heapBytesPerStep: (late.heapBytes - early.heapBytes) / (late.outerStep - early.outerStep)},
  };
}

await tf.setBackend('cpu');
const results: Record<string, object> = {};
for (const [name, options] of Object.entries({
  'compiled engine, nres': {tasks: compiled, estimator: 'nres'},
  'tf ops, nres': {tasks: byOps, estimator: 'nres'},
  'tf ops, bptt, rnnprop': {tasks: byOps, estimator: 'bptt', rule: 'rnnprop'},
} as const)) {
  process.stderr.write(`${name}\n`);
  results[name] = await run(options);
}
console.log(JSON.stringify({numOuterSteps, ...results}, undefined, 1));
