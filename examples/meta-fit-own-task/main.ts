/**
 * Meta-trains the optimizer on a task family of one's own for a few minutes, and compares it on unseen tasks with Adam and
 * SGD at the best of nine rates each.
 *
 *     npx tsx examples/meta-fit-own-task/main.ts [--outer-steps 400] [--workers 2] [--out my-optimizer.safetensors]
 */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import {parseArgs} from 'node:util';
import {learnedOptimizer, metaFit} from '../../src/index.js';
import {bestRate, meanLoss, train} from './compare.js';

const {values} = parseArgs({options: {
  'outer-steps': {type: 'string', default: '400'}, 'workers': {type: 'string', default: '2'}, 'out': {type: 'string'},
}});
const NUM_STEPS = 100, NUM_HELD_OUT = 40, NUM_TUNING = 12;
// Far apart, and far from what metaFit draws from its own seed.
const heldOut = Array.from({length: NUM_HELD_OUT}, (_, i) => 900_000 + i), tuning = Array.from({length: NUM_TUNING}, (_, i) => 800_000 + i);

const started = performance.now();
const result = await metaFit({
  tasks: new URL('./sinusoids.ts', import.meta.url), workers: Number(values.workers), numOuterSteps: Number(values['outer-steps']), seed: 1,
  // All of this family's networks are trained for 100 steps, and the optimizer may know.
  horizons: [NUM_STEPS, NUM_STEPS], hideHorizon: 0, hideLoss: 0, windowSteps: 25, learningRate: 3e-3,
  onProgress({outerStep, numOuterSteps, metaLoss, heldOut: score, innerStepsPerSecond, secondsLeft}) {
    process.stderr.write(`\r${outerStep}/${numOuterSteps}  meta-loss ${metaLoss.toFixed(3)}  held-out ${score.toFixed(3)}  ${innerStepsPerSecond.toFixed(0)} inner steps/s  ${secondsLeft.toFixed(0)} s left  `);
  },
});
process.stderr.write(`\nmeta-trained in ${((performance.now() - started) / 1000).toFixed(0)} s; best theta of outer step ${result.best.outerStep}\n`);

const adamRate = bestRate(tuning, NUM_STEPS, rate => tf.train.adam(rate)), sgdRate = bestRate(tuning, NUM_STEPS, rate => tf.train.sgd(rate));
const optimizers: Record<string, () => tf.Optimizer> = {
  'meta-trained on this family': () => result.optimizer({numSteps: NUM_STEPS}),
  'learnedOptimizer() as shipped': () => learnedOptimizer({numSteps: NUM_STEPS}),
  [`Adam, tuned: ${adamRate}`]: () => tf.train.adam(adamRate),
  [`SGD, tuned: ${sgdRate}`]: () => tf.train.sgd(sgdRate),
};
const losses = Object.entries(optimizers).map(([name, make]) => [name, heldOut.map(seed => train(seed, NUM_STEPS, make))] as const);
const mine = losses[0]![1];
console.log(`validation loss after ${NUM_STEPS} steps, geometric mean over ${NUM_HELD_OUT} unseen tasks; tasks on which the meta-trained one is better`);
for (const [name, theirs] of losses) {
  const wins = theirs === mine ? '' : `${mine.filter((loss, i) => loss < theirs[i]!).length}/${NUM_HELD_OUT}`;
  console.log(`${name.padEnd(32)} ${meanLoss(theirs).toPrecision(3).padStart(9)}  ${wins}`);
}
if (values.out !== undefined) await result.save(values.out);
