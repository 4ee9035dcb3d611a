/**
 * What the tasks of a suite cost: parameters, milliseconds of a step under Adam in the compiled engine and on backends, and under
 * Celo where its weights are at hand; and the hours of one core that the steps of a whole evaluation take. Prints one JSON object;
 * times are CPU time, so that a busy machine tells about the same.
 *
 *     npx tsx bench/suites.ts unseen wasm,node,cpu
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import {createRequire} from 'node:module';
import {estimateSteps} from '../src/evaluation/estimate-steps.js';
import {BASELINES} from '../src/evaluation/optimizers.js';
import type {SuiteTask} from '../src/evaluation/suite.js';
import {prepareBackend} from '../src/evaluation/suites/backend.js';
import {seenSuite} from '../src/evaluation/suites/seen.js';
import {unseenSuite} from '../src/evaluation/suites/unseen.js';
import {validationSuite} from '../src/evaluation/suites/validation.js';
import {Random} from '../src/random.js';
import {compiledTask} from '../src/rollout/compiled-task.js';
import {openRollout} from '../src/rollout/open-rollout.js';
import {OpsRollout} from '../src/rollout/ops-rollout.js';
import type {Rollout, RolloutOptions} from '../src/rollout/rollout.js';
import {compiledFormOf} from '../src/tasks/compiled-problem.js';
import celo from './peers/celo.js';

const SUITES = {seen: seenSuite, validation: validationSuite, unseen: unseenSuite};
const ADAM: RolloutOptions = {rule: 'adam', learningRate: 1e-4, horizon: 2000, hasLoss: true};
const SECONDS = 0.5, SEEDS = {numSeeds: 5, numTuningSeeds: 2};
const cpuMs = (): number => {
  const {user, system} = process.cpuUsage();
  return (user + system) / 1000;
};

function msPerStep(rollout: Rollout): number {
  const losses = new Float32Array(1000);
  rollout.run(3, losses);
  const start = cpuMs();
  let steps = 0, window = 1;
  do {
    steps += rollout.run(window, losses);
    window = Math.min(100, 2 * window);
  } while (cpuMs() - start < 1000 * SECONDS);
  rollout.dispose();
  return (cpuMs() - start) / steps;
}

const tensorsOf = (task: SuiteTask): number => {
  const sampled = task.family.sample(new Random(1)), params = sampled.init(), count = Object.values(params).reduce((sum, p) => sum + p.size, 0);
  tf.dispose(params);
  sampled.dispose?.();
  return count;
};

const [name = 'unseen', backends = 'wasm'] = process.argv.slice(2), origin = {family: 'bench', seed: 1};
if (!(name in SUITES)) throw new Error(`a suite is one of ${Object.keys(SUITES).join(', ')}, got ${name}`);
if (backends.includes('node')) createRequire(import.meta.url)('@tensorflow/tfjs-node');
await tf.setBackend('cpu');
await prepareBackend();
const {tasks, skipped = []} = SUITES[name as keyof typeof SUITES]();
const rows: Array<Record<string, unknown> & {hours: number; celoHours: number}> = [];
/** Steps of all runs of an evaluation of one task. */
const stepsOf = (task: SuiteTask, peers: readonly string[]): number => estimateSteps(task.steps, {baselines: BASELINES, peers, sensitivity: true}, SEEDS);
for (const task of tasks) {
  const ms: Record<string, number> = {}, sample = () => task.family.sample(new Random(1));
  await tf.setBackend('cpu');
  const first = sample(), isCompiled = compiledFormOf(first) !== undefined;
  first.dispose?.();
  if (isCompiled) ms.compiled = msPerStep(openRollout(sample(), origin, ADAM));
  for (const backend of backends.split(',')) {
    await tf.setBackend(backend === 'node' ? 'tensorflow' : backend);
    ms[backend] = msPerStep(new OpsRollout(sample(), origin, ADAM));
  }
  await prepareBackend();
  if (celo.missing === undefined) ms.celo = msPerStep(new OpsRollout(compiledTask(sample()), origin, ADAM, (variables, options) => celo.createStepper(variables, options)));
  const best = ms.compiled ?? ms.wasm ?? NaN, own = stepsOf(task, []);
  const hours = (steps: number, each = 0): number => Number(((each * steps) / 3.6e6).toPrecision(2));
  rows.push({
    name: task.name, parameters: tensorsOf(task), steps: task.steps,
    ms: Object.fromEntries(Object.entries(ms).map(([key, value]) => [key, Number(value.toPrecision(3))])),
    hours: hours(own, best), celoHours: hours(stepsOf(task, ['celo']) - own, ms.celo),
  });
  console.error(JSON.stringify(rows.at(-1)));
}
const total = (of: (row: (typeof rows)[number]) => number): number => Number(rows.reduce((sum, row) => sum + of(row), 0).toPrecision(3));
console.log(JSON.stringify({suite: name, coreHours: total(r => r.hours), celoCoreHours: total(r => r.celoHours), rows, skipped}, null, 1));
