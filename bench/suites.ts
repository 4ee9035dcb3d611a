/**
 * What the tasks of a suite cost: parameters, milliseconds of a step under Adam on each backend and in the compiled engine, and an
 * estimate of a whole evaluation. Prints one JSON object; times are CPU time, so that a busy machine tells about the same.
 *
 *     npx tsx bench/suites.ts unseen
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import {createRequire} from 'node:module';
import type {SuiteTask} from '../src/evaluation/suite.js';
import {prepareBackend} from '../src/evaluation/suites/backend.js';
import {seenSuite} from '../src/evaluation/suites/seen.js';
import {unseenSuite} from '../src/evaluation/suites/unseen.js';
import {validationSuite} from '../src/evaluation/suites/validation.js';
import {Random} from '../src/random.js';
import {openRollout} from '../src/rollout/open-rollout.js';
import {OpsRollout} from '../src/rollout/ops-rollout.js';
import type {Rollout, RolloutOptions} from '../src/rollout/rollout.js';
import {compiledFormOf} from '../src/tasks/compiled-problem.js';

/** Steps of all runs on one task over its T: see docs/evaluation.md. */
const STEPS_OVER_T = 500;
const SUITES = {seen: seenSuite, validation: validationSuite, unseen: unseenSuite};
const ADAM: RolloutOptions = {rule: 'adam', learningRate: 1e-4, horizon: 0, hasLoss: true};
const SECONDS = 0.5;
/** Thread time: what a backend's own threads do beside is not free. */
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

const [name = 'unseen', backends = 'cpu,wasm,node'] = process.argv.slice(2), origin = {family: 'bench', seed: 1};
if (!(name in SUITES)) throw new Error(`a suite is one of ${Object.keys(SUITES).join(', ')}, got ${name}`);
if (backends.includes('node')) createRequire(import.meta.url)('@tensorflow/tfjs-node');
await tf.setBackend('cpu');
await prepareBackend();
const {tasks, skipped = []} = SUITES[name as keyof typeof SUITES]();
const rows: Array<Record<string, unknown> & {hours: number}> = [];
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
  await tf.setBackend('cpu');
  const best = ms.compiled ?? ms.wasm ?? ms.cpu ?? NaN;
  rows.push({
    name: task.name, parameters: tensorsOf(task), steps: task.steps,
    ms: Object.fromEntries(Object.entries(ms).map(([key, value]) => [key, Number(value.toPrecision(3))])),
    hours: Number(((best * task.steps * STEPS_OVER_T) / 3.6e6).toPrecision(2)),
  });
  console.error(JSON.stringify(rows.at(-1)));
}
console.log(JSON.stringify({suite: name, coreHours: Number(rows.reduce((sum, {hours}) => sum + hours, 0).toPrecision(3)), rows, skipped}, null, 1));
