/**
 * Inner steps a second of a rollout under `tensor-lstm` (MLP 64-32-10, batch 64): the compiled engine on one and on two
 * cores, the tf-ops engine on its fastest backend here, and what a second core gives to a loop that shares nothing.
 * Prints one JSON object.
 *
 *     npm run -s bench:rollout
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import {once} from 'node:events';
import {createRequire} from 'node:module';
import {dirname} from 'node:path';
import {Worker} from 'node:worker_threads';
import {OpsRollout} from '../src/rollout/ops-rollout.js';
import {defaultTheta} from '../src/theta/default-theta.js';
import {mlpAsTask} from '../test/rollout/mlp-as-task.js';
import {BATCH_SIZE, benchTask, engineStepsPerSecond, spinsPerSecond} from './rollout/task.js';

const SECONDS = 1.5, ROUNDS = 5;
const require = createRequire(import.meta.url);
setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const workers = Array.from({length: 2}, () => new Worker(new URL('./rollout/worker.mjs', import.meta.url)));
await Promise.all(workers.map(worker => once(worker, 'message')));

/** The sum over both workers, running at the same time. */
async function both(what: 'engine' | 'spin'): Promise<number> {
  const answers = workers.map(async worker => {
    const answer = once(worker, 'message') as Promise<[number]>;
    worker.postMessage({what, seconds: SECONDS});
    return (await answer)[0];
  });
  return (await Promise.all(answers)).reduce((a, b) => a + b, 0);
}

await tf.setBackend('wasm');
function opsStepsPerSecond(): number {
  const rollout = new OpsRollout(mlpAsTask(benchTask(), 3), {family: 'bench', seed: 3}, {rule: 'tensor-lstm', learningRate: 1, horizon: 0, hasLoss: true});
  rollout.setTheta(defaultTheta().values);
  const losses = new Float32Array(20);
  rollout.run(20, losses);
  const start = performance.now();
  let steps = 0;
  while (performance.now() - start < 1000 * SECONDS) steps += rollout.run(20, losses);
  rollout.dispose();
  return steps / ((performance.now() - start) / 1000);
}

// All figures of a round are taken within seconds of each other, so that the machine's moods cancel in the ratios.
const rounds: Array<Record<'oneCore' | 'twoCores' | 'tfOps' | 'spinOne' | 'spinTwo', number>> = [];
for (let i = 0; i < ROUNDS; i++) {
  rounds.push({oneCore: engineStepsPerSecond(SECONDS), twoCores: await both('engine'), tfOps: opsStepsPerSecond(), spinOne: spinsPerSecond(SECONDS), spinTwo: await both('spin')});
}
await Promise.all(workers.map(worker => worker.terminate()));
const of = (f: (round: (typeof rounds)[number]) => number): number => Number(median(rounds.map(f)).toPrecision(4));
console.log(JSON.stringify({
  task: 'MLP 64-32-10, tensor-lstm', batchSize: BATCH_SIZE, node: process.version,
  innerStepsPerSecond: {oneCore: of(r => r.oneCore), twoCores: of(r => r.twoCores), tfOps: of(r => r.tfOps)},
  engineAgainstTfOps: of(r => r.oneCore / r.tfOps), speedupTwoCores: of(r => r.twoCores / r.oneCore),
  spinControl: {speedup: of(r => r.spinTwo / r.spinOne)}, speedupAgainstSpin: of(r => (r.twoCores / r.oneCore) / (r.spinTwo / r.spinOne)),
}, null, 1));
