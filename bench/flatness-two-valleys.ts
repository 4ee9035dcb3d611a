/**
 * Two minima of the same loss, one 30 times as sharp, starts around the sharp one (`twoValleyFamily`): the share of runs that end in
 * the wide valley, plain against regularized, for `model.fit` with Adam and with the learned optimizer, and for all rules, which `metaFit`
 * trains on such tasks from scratch. Same tasks and starts in every row. Prints one JSON object.
 *
 *     npm run -s bench:two-valleys -- --write      into docs/results/two-valleys.json
 *
 * `--part fit` or `metaFit` for one of them, `--rules` for some rules: what is left out stays as it was written. `metaFit` keeps finished pieces in
 * `--cache` (default runs/two-valleys), and goes on from there. In it each rule and seed has one start, trained without a penalty, from which
 * plain and regularized twins go on with the same tasks, perturbations and budget, and give their last theta; strengths by the share at seeds of their own.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {existsSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {writeFileAtomically} from '../src/cli/atomic-file.js';
import {FlatnessRegularizer, learnedOptimizer, Random, type FlatnessRegularizerOptions} from '../src/index.js';
import {tInterval} from '../src/report/statistics.js';
import {RULE_NAMES, type RuleName} from '../src/rules/registry.js';
import {sampleTwoValleys, twoValleyLoss, valleyOf, type TwoValleyProblem} from '../src/tasks/families/two-valley.js';
import {twoValleyRule, type TwoValleyPlan} from './flatness-two-valleys/meta-fit.js';
import {Records} from './l2o-entropy/records.js';

/** Settings were chosen on others. */
const FIRST_SEED = 2_000_000, NUM_STEPS = 100;
const META: TwoValleyPlan = {tuningSeeds: [101], metaSeeds: [21, 22, 23, 24, 25], startSteps: 150, outerSteps: 400, numRuns: 100};
const MEASURES: readonly FlatnessRegularizerOptions[] = [
  {measure: 'localEntropy', strength: 1, gamma: 10, samples: 4, scaling: 'plain'},
  {measure: 'hessianNorm', norm: 'frobenius', strength: 0.05, scaling: 'plain'},
  {measure: 'sharpness', strength: 1, radius: 0.3, scaling: 'plain'},
];

const {values: args} = parseArgs({options: {
  part: {type: 'string', multiple: true, default: ['fit', 'metaFit']}, runs: {type: 'string', default: '100'}, 'meta-seeds': {type: 'string', default: String(META.metaSeeds.length)},
  'outer-steps': {type: 'string', default: String(META.outerSteps)}, rules: {type: 'string', default: RULE_NAMES.join()}, cache: {type: 'string', default: 'runs/two-valleys'},
  write: {type: 'boolean', default: false},
}});
await tf.setBackend('cpu');

interface Result {
  readonly wideShare: number;
  readonly medianLoss: number;
  readonly ends: readonly boolean[];
}

/** Trains a layer without bias, whose weights are the problem's coordinates, on that one loss. */
async function endOf(problem: TwoValleyProblem, optimizer: tf.Optimizer, callbacks: FlatnessRegularizer | undefined): Promise<{wide: boolean; loss: number}> {
  const {dimension, sharp, wide, start, ratio} = problem, minima = {sharp: tf.tensor1d(sharp.slice()), wide: tf.tensor1d(wide.slice())};
  const model = sequential({layers: [layers.dense({units: dimension, useBias: false, inputShape: [1], kernelInitializer: 'zeros'})]});
  const one = tf.ones([1, 1]), unused = tf.zeros([1, dimension]), kernel = tf.tensor2d(start.slice(), [1, dimension]);
  model.setWeights([kernel]);
  model.compile({optimizer, loss: (_, x) => twoValleyLoss(x, minima.sharp, minima.wide, ratio)});
  await model.fit(one, unused, {epochs: NUM_STEPS, verbose: 0, yieldEvery: 'never', ...(callbacks !== undefined && {callbacks})});
  const end = model.getWeights()[0]!, loss = tf.tidy(() => twoValleyLoss(end, minima.sharp, minima.wide, ratio).dataSync()[0]!);
  const result = {wide: valleyOf(problem, end.dataSync()) === 'wide', loss};
  model.dispose();
  optimizer.dispose();
  tf.dispose([minima, one, unused, kernel]);
  return result;
}

async function share(makeOptimizer: () => tf.Optimizer, options?: FlatnessRegularizerOptions): Promise<Result> {
  const ends: boolean[] = [], losses: number[] = [];
  for (let run = 0; run < Number(args.runs); run++) {
    const seed = FIRST_SEED + run, end = await endOf(sampleTwoValleys(new Random(seed)), makeOptimizer(), options && new FlatnessRegularizer({...options, seed}));
    ends.push(end.wide);
    losses.push(end.loss);
  }
  return {wideShare: ends.filter(Boolean).length / ends.length, medianLoss: losses.sort((a, b) => a - b)[losses.length >> 1]!, ends};
}

/** A row, with the interval of the paired difference to the plain one. */
function row(what: object, {ends, ...result}: Result, plain: Result): object {
  const difference = tInterval(ends.map((wide, i) => Number(wide) - Number(plain.ends[i])));
  const found = {...what, ...result, difference};
  console.error(JSON.stringify(found));
  return found;
}

const start = performance.now(), fit: object[] = [], minutes = (): number => Math.round((performance.now() - start) / 6000) / 10;
const file = fileURLToPath(new URL('../docs/results/two-valleys.json', import.meta.url)), old = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as {metaFit?: {rules?: object}} : {};
let results: object = {...old, steps: NUM_STEPS};

function keep(found: object): void {
  results = {...results, ...found};
  if (args.write) writeFileAtomically(file, `${JSON.stringify(results, null, 1)}\n`);
}

if (args.part.includes('fit')) {
  for (const [optimizer, make] of Object.entries({adam: () => tf.train.adam(0.03), learned: () => learnedOptimizer({numSteps: NUM_STEPS})})) {
    const plain = await share(make);
    fit.push(row({optimizer, regularizer: null}, plain, plain));
    for (const options of MEASURES) fit.push(row({optimizer, regularizer: options}, await share(make, options), plain));
  }
  keep({runs: Number(args.runs), interval: '95 % t-interval of the paired difference over runs', fit});
}
if (args.part.includes('metaFit')) {
  const plan: TwoValleyPlan = {...META, metaSeeds: META.metaSeeds.slice(0, Number(args['meta-seeds'])), outerSteps: Number(args['outer-steps'])};
  const records = new Records(args.cache);
  let rules = old.metaFit?.rules ?? {};
  for (const rule of args.rules.split(',') as RuleName[]) {
    rules = {...rules, [rule]: await twoValleyRule(records, rule, plan, what => process.stderr.write(`${minutes()} min: ${what}\n`))};
    keep({metaFit: {...plan, interval: '95 % bootstrap interval of the paired difference over meta-training seeds; tLow and tHigh by t', rules}});
  }
}
console.log(JSON.stringify(results, null, 1));
