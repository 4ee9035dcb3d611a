/**
 * The curves of docs/zoo.md: rules of the zoo, meta-trained here and now, against Adam with its rate tuned on other tasks of the same kind.
 * Prints one JSON object.
 *
 *     npx tsx bench/zoo-curves.ts --part quadratics     lstm-dm and rnnprop on quadratics of 10 dimensions
 *     npx tsx bench/zoo-curves.ts --part digits         plain, and with curriculum and imitation, on networks on the 8×8 digits
 *
 * Both without `--part`. `--workers N` (default 2) changes no figure; `--runs DIR` keeps checkpoints there, so that a run that was
 * stopped goes on; `--write` renews docs/results/zoo-curves.json and the figures.
 *
 * After Chen et al. 2020, "Training Stronger Baselines for Learning to Optimize", arXiv 2010.09089.
 */
import '@tensorflow/tfjs-backend-cpu';
import {setBackend} from '@tensorflow/tfjs-core';
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {parseArgs} from 'node:util';
import {metaFit} from '../src/meta/meta-fit.js';
import type {MetaFitOptions} from '../src/meta/meta-fit-options.js';
import {Random} from '../src/random.js';
import {lineChart} from '../src/report/line-chart.js';
import type {RuleName} from '../src/rules/registry.js';
import type {TaskFamily} from '../src/tasks/task-family.js';
import type {Theta} from '../src/theta/theta-file.js';
import {DOCS, writePicture} from './support/picture.js';
import {NETWORKS} from './zoo-curves/digits.js';
import {mean} from '../src/report/statistics.js';
import {curves, tunedAdam, type Contender} from './zoo-curves/judge.js';
import quadratics from './zoo-curves/quadratics.js';

const {values} = parseArgs({options: {part: {type: 'string'}, workers: {type: 'string', default: '2'}, runs: {type: 'string'}, write: {type: 'boolean', default: false}}});
if (values.part !== undefined && !['quadratics', 'digits'].includes(values.part)) throw new Error(`--part must be quadratics or digits, got ${values.part}`);

type Training = Omit<MetaFitOptions, 'tasks' | 'workers' | 'onProgress'>;
/** Seeds of the tasks that Adam's rate is chosen on, and of those that all are compared on. */
const TUNING_SEED = 5, JUDGING_SEED = 999;

const QUADRATIC_STEPS = Array.from({length: 21}, (_, i) => 5 * i), NUM_QUADRATICS = 100;
const ON_QUADRATICS: Training = {
  numOuterSteps: 3000, numPairs: 16, horizons: [100, 100], learningRate: 3e-3, curriculum: {from: [20, 20], over: 0.3}, validateEvery: 300, numHeldOut: 16, seed: 1,
};
/** Then for the end of the run: the first objective gives nothing for losses below 0.5 % of the first. */
const TO_THE_END: Training = {
  numOuterSteps: 2500, numPairs: 16, horizons: [100, 100], windowSteps: 100, learningRate: 1e-3, objective: {kind: 'logPerStep', over: 'final'}, validateEvery: 250, numHeldOut: 16, seed: 2,
};
const phases = (rule: RuleName): Training[] => [{...ON_QUADRATICS, rule}, {...TO_THE_END, rule}];
const QUADRATIC_RUNS: Readonly<Record<string, readonly Training[]>> = {'L2O-DM': phases('lstm-dm'), RNNProp: phases('rnnprop')};

const DIGIT_STEPS = [0, 10, 20, 50, 100, 200, 500, 1000], NUM_NETWORKS = 5;
/** Windows of the same number of inner steps for all. */
const ON_DIGITS: Training = {numOuterSteps: 600, numPairs: 4, horizons: [100, 100], learningRate: 3e-3, validateEvery: 100, numHeldOut: 4, seed: 1};
const STRONGER: Training = {horizons: [200, 1000], curriculum: {from: [20, 40], over: 0.8}, imitation: {weight: 0.3, over: 0.4, teacherLearningRate: 0.01}, numHeldOut: 2, validateEvery: 200};
const DIGIT_RUNS: Readonly<Record<string, readonly Training[]>> = {
  'L2O-DM': [{...ON_DIGITS, rule: 'lstm-dm'}], 'L2O-DM, CL + IL': [{...ON_DIGITS, ...STRONGER, rule: 'lstm-dm'}],
  RNNProp: [{...ON_DIGITS, rule: 'rnnprop'}], 'RNNProp, CL + IL': [{...ON_DIGITS, ...STRONGER, rule: 'rnnprop'}],
};

/** A mean and its 95 % interval. */
interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Mean natural logarithm of the training loss, and its difference to Adam's on the same tasks, at each step and over all of them. */
interface Row {
  readonly mean: number[];
  readonly toAdam?: Interval[];
  readonly curveToAdam?: Interval;
}

/** Meta-trains in one phase after another, each from the best theta of the last one. */
async function train(name: string, family: string, phasesOfRun: readonly Training[]): Promise<Contender & {readonly seconds: number}> {
  const start = performance.now();
  let theta: Theta | undefined;
  process.stderr.write(`${family}: ${name}`);
  for (const [phase, options] of phasesOfRun.entries()) {
    const checkpointDir = values.runs === undefined ? undefined : join(values.runs, family, `${name}, phase ${phase + 1}`);
    const result = await metaFit({...options, initialTheta: theta, checkpointDir, tasks: new URL(`./zoo-curves/${family}.ts`, import.meta.url), workers: Number(values.workers)});
    process.stderr.write(`, best at step ${result.best.outerStep} of ${result.history.length - 1}`);
    ({theta} = result);
  }
  const seconds = (performance.now() - start) / 1000;
  process.stderr.write(`, ${seconds.toFixed(0)} s\n`);
  return {name, options: {rule: theta!.rule, learningRate: 1}, theta: theta!.values, seconds};
}

function compare(family: TaskFamily, contenders: readonly Contender[], numTasks: number, steps: readonly number[]): Record<string, Row> {
  const all = contenders.map(contender => curves(family, contender, JUDGING_SEED, numTasks, steps)), adam = all[0]!;
  return Object.fromEntries(contenders.map(({name}, i) => [name, {
    mean: steps.map((_, k) => mean(all[i]!.map(curve => curve[k]!))),
    ...(i > 0 && {
      toAdam: steps.map((_, k) => interval(all[i]!.map((curve, task) => curve[k]! - adam[task]![k]!))),
      curveToAdam: interval(all[i]!.map((curve, task) => mean(curve) - mean(adam[task]!))),
    }),
  } satisfies Row]));
}

/** Mean and its 95 % bootstrap interval. */
function interval(differences: readonly number[]): Interval {
  const random = new Random(0), means = Array.from({length: 2000}, () => mean(differences.map(() => random.pick(differences)))).sort((a, b) => a - b);
  return {mean: mean(differences), low: means[50]!, high: means[1949]!};
}

function figure(title: string, steps: readonly number[], rows: Readonly<Record<string, Row>>): string {
  const series = Object.entries(rows).map(([name, row]) => ({name, points: steps.map((x, k) => ({x, y: row.mean[k]!}))}));
  return lineChart({title, x: {label: 'Step'}, y: {label: 'ln(training loss)'}, series, dots: true});
}

const results: Record<string, unknown> = {}, figures: Record<string, string> = {};

async function onQuadratics(): Promise<void> {
  const family = quadratics as TaskFamily, trained = [];
  for (const [name, options] of Object.entries(QUADRATIC_RUNS)) trained.push(await train(name, 'quadratics', options));
  const adam = tunedAdam(family, TUNING_SEED, NUM_QUADRATICS, QUADRATIC_STEPS), rows = compare(family, [adam, ...trained], NUM_QUADRATICS, QUADRATIC_STEPS);
  results.quadratics = {steps: QUADRATIC_STEPS, numTasks: NUM_QUADRATICS, adamRate: adam.options.learningRate, seconds: trained.map(t => t.seconds), rows};
  figures['zoo-quadratics'] = figure('Held-out quadratics', QUADRATIC_STEPS, rows);
}

async function onDigits(): Promise<void> {
  const trained = [], networks: Record<string, unknown> = {}, last = DIGIT_STEPS.at(-1)!;
  for (const [name, options] of Object.entries(DIGIT_RUNS)) trained.push(await train(name, 'digits', options));
  for (const [name, family] of Object.entries(NETWORKS)) {
    const adam = tunedAdam(family, TUNING_SEED, 2, [last]), rows = compare(family, [adam, ...trained], NUM_NETWORKS, DIGIT_STEPS);
    networks[name] = {adamRate: adam.options.learningRate, rows};
    figures[`zoo-${name.toLowerCase()}`] = figure(`${name} on the digits`, DIGIT_STEPS, rows);
  }
  results.digits = {steps: DIGIT_STEPS, numTasks: NUM_NETWORKS, seconds: trained.map(t => t.seconds), networks};
}

await setBackend('cpu');
if (values.part !== 'digits') await onQuadratics();
if (values.part !== 'quadratics') await onDigits();
if (values.write) write();
console.log(JSON.stringify(results, roundNumbers, 1));

/** Replaces the parts that were run and keeps the others. */
function write(): void {
  const file = `${DOCS}results/zoo-curves.json`;
  mkdirSync(dirname(file), {recursive: true});
  const old = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown> : {};
  writeFileSync(file, `${JSON.stringify({...old, ...results}, roundNumbers, 1)}\n`);
  for (const [name, svg] of Object.entries(figures)) writePicture(name, svg);
}

function roundNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}
