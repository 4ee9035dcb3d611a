/**
 * This package's PES on the digits, for `../pes.ts`, which starts it and says what to run: the same protocol as that of `../pes.py`.
 *
 *     tsx ours.ts SETTINGS
 */
import {createInterface} from 'node:readline';
import {enginePairs} from '../../../src/meta/engine-pair.js';
import {initialOuterState, meanGradient, updateTheta} from '../../../src/meta/outer-update.js';
import {AntitheticEstimator} from '../../../src/meta/estimators.js';
import {Random} from '../../../src/random.js';
import {RolloutEngine} from '../../../src/rollout/engine.js';
import {loadDigits} from '../../../src/tasks/digits.js';
import {mlpProblem} from '../../../src/tasks/mlp-task.js';
import type {SampledTask} from '../../../src/tasks/sampled-task.js';
import {defaultTheta} from '../../../src/theta/default-theta.js';
import type {Answer, Ask, Settings} from './protocol.js';

const {sizes, batchSize, horizon, numPairs, windowSteps, sigma, learningRate} = JSON.parse(process.argv[2]!) as Settings;
const {features, labels, numExamples} = loadDigits().train, horizons = [horizon, horizon] as const;

/** The task of `../pes.py`: relu, softmax cross-entropy, kernels of variance 1 / inputs, biases of zero. */
function sampleTask(random: Random): SampledTask {
  const initialParams = Float32Array.from(sizes.slice(1).flatMap((outputs, l) =>
    [...random.normals(sizes[l]! * outputs, 1 / Math.sqrt(sizes[l]!)), ...new Float32Array(outputs)]));
  const scales = new Float32Array(initialParams.length).fill(1);
  const problem = mlpProblem({sizes, activation: 'relu', loss: 'softmaxCrossEntropy', batchSize, features, labels, numExamples, initialParams, scales}, random.next());
  return {name: 'digits', problem, steps: horizon, horizon, hasLoss: true};
}

const start = enginePairs(RolloutEngine.create(), sampleTask, {kind: 'loss', over: 'mean', on: 'train'}), seeds = new Random(0);
const outer = initialOuterState(defaultTheta().values);
const pairs = Array.from({length: numPairs}, (_, i) =>
  new AntitheticEstimator({kind: 'pes', sigma, maxDifference: Infinity, signOnly: false, stagger: true}, outer.theta.length, seeds.fork(i), start, horizons));

/** One window of all pairs and an update of theta; returns mean loss and inner steps. */
function step(): {loss: number; made: number} {
  let loss = 0, made = 0;
  const gradients = pairs.map(pair => {
    const gradient = new Float32Array(outer.theta.length), window = pair.window(outer.theta, {steps: windowSteps, horizons, imitation: 0}, gradient);
    loss += window.objective / numPairs;
    made += window.innerSteps;
    return gradient;
  });
  updateTheta(outer, meanGradient(gradients), {learningRate, weightDecay: 0, clip: Infinity});
  return {loss, made};
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
for (let i = 0; i < 20; i++) step();
say(`ready ${JSON.stringify({node: process.version, numWeights: outer.theta.length})}`);
for await (const line of createInterface({input: process.stdin})) {
  const {seconds} = JSON.parse(line) as Ask, wall = performance.now(), cpu = process.cpuUsage();
  let steps = 0, loss = 0;
  while (performance.now() - wall < 1000 * seconds) {
    const window = step();
    steps += window.made;
    loss = window.loss;
  }
  const {user, system} = process.cpuUsage(cpu);
  say(JSON.stringify({steps, wallSeconds: (performance.now() - wall) / 1000, cpuSeconds: (user + system) / 1e6, loss: Number.isFinite(loss) ? loss : null} satisfies Answer));
}
