/**
 * Inner steps a second of a rollout under `tensor-lstm` (MLP 64-32-10, batch 64): the compiled engine on one and on two
 * cores, the tf-ops engine on its fastest backend here, and what a second core gives to a loop that shares nothing.
 * Prints one JSON object.
 *
 *     npm run -s bench:rollout
 */
import '@tensorflow/tfjs-layers';
import {once} from 'node:events';
import {Worker} from 'node:worker_threads';
import {OpsRollout} from '../src/rollout/ops-rollout.js';
import {defaultTheta} from '../src/theta/default-theta.js';
import {mlpAsTask} from '../test/rollout/mlp-as-task.js';
import {useBackend} from '../test/support/backends.js';
import {BATCH_SIZE, benchTask, engineStepsPerSecond, spinsPerSecond} from './rollout/task.js';
import {median, toDigits} from './support/numbers.js';
import {takeTurns} from './support/turns.js';

const SECONDS = 1.5, ROUNDS = 5;

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

await useBackend('wasm');
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
const [oneCore, twoCores, tfOps, spinOne, spinTwo] = await takeTurns(
  [() => engineStepsPerSecond(SECONDS), () => both('engine'), opsStepsPerSecond, () => spinsPerSecond(SECONDS), () => both('spin')],
  {seconds: 0, minRounds: ROUNDS}) as [number[], number[], number[], number[], number[]];
await Promise.all(workers.map(worker => worker.terminate()));
const of = (values: readonly number[]): number => toDigits(median(values), 4);
const ratios = (above: readonly number[], below: readonly number[]): number[] => above.map((value, round) => value / below[round]!);
const speedup = ratios(twoCores, oneCore), control = ratios(spinTwo, spinOne);
console.log(JSON.stringify({
  task: 'MLP 64-32-10, tensor-lstm', batchSize: BATCH_SIZE, node: process.version,
  innerStepsPerSecond: {oneCore: of(oneCore), twoCores: of(twoCores), tfOps: of(tfOps)},
  engineAgainstTfOps: of(ratios(oneCore, tfOps)), speedupTwoCores: of(speedup),
  spinControl: {speedup: of(control)}, speedupAgainstSpin: of(ratios(speedup, control)),
}, null, 1));
