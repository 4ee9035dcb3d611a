/**
 * Two minima of the same loss, one 30 times as sharp, starts around the sharp one (`twoValleyFamily`): the share of runs that end in
 * the wide valley, plain against regularized, for `model.fit` with Adam and with the learned optimizer, and for rules that `metaFit`
 * has trained on such tasks, from the theta of the package on. Same tasks and starts in every row. Prints one JSON object.
 *
 *     npm run -s bench:two-valleys > docs/results/two-valleys.json
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {parseArgs} from 'node:util';
import {FlatnessRegularizer, learnedOptimizer, metaFit, Random, twoValleyFamily, type FlatnessRegularizerOptions, type MetaFitOptions} from '../src/index.js';
import {tInterval} from '../src/report/statistics.js';
import {sampleTwoValleys, twoValleyLoss, valleyOf, type TwoValleyProblem} from '../src/tasks/families/two-valley.js';

/** Settings were chosen on others. */
const FIRST_SEED = 2_000_000, FIRST_META_SEED = 11, NUM_STEPS = 100;
const MEASURES: readonly FlatnessRegularizerOptions[] = [
  {measure: 'localEntropy', strength: 1, gamma: 10, samples: 4, scaling: 'plain'},
  {measure: 'hessianNorm', norm: 'frobenius', strength: 0.05, scaling: 'plain'},
  {measure: 'sharpness', strength: 1, radius: 0.3, scaling: 'plain'},
];
const META: MetaFitOptions & {readonly numOuterSteps: number} = {
  tasks: twoValleyFamily(), numPairs: 8, windowSteps: 25, horizons: [NUM_STEPS, NUM_STEPS], numHeldOut: 8, validateEvery: 150, numOuterSteps: 150, learningRate: 3e-3, sigma: 0.03,
};
const META_MEASURES: readonly FlatnessRegularizerOptions[] = [
  {measure: 'localEntropy', strength: 5, gamma: 10, samples: 4, scaling: 'plain'},
  {measure: 'hessianNorm', norm: 'frobenius', strength: 0.3, scaling: 'plain'},
];

const {values: args} = parseArgs({options: {part: {type: 'string', multiple: true, default: ['fit', 'metaFit']}, runs: {type: 'string', default: '100'}, 'meta-seeds': {type: 'string', default: '3'}, 'outer-steps': {type: 'string', default: String(META.numOuterSteps)}}});
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

const start = performance.now(), fit: object[] = [], metaFitRows: object[] = [];
for (const [optimizer, make] of Object.entries({adam: () => tf.train.adam(0.03), learned: () => learnedOptimizer({numSteps: NUM_STEPS})})) {
  if (!args.part.includes('fit')) break;
  const plain = await share(make);
  fit.push(row({optimizer, regularizer: null}, plain, plain));
  for (const options of MEASURES) fit.push(row({optimizer, regularizer: options}, await share(make, options), plain));
}
for (let seed = FIRST_META_SEED; seed < FIRST_META_SEED + Number(args['meta-seeds']); seed++) {
  if (!args.part.includes('metaFit')) break;
  const trained = async (regularizer?: FlatnessRegularizerOptions): Promise<Result> => {
    const result = await metaFit({...META, numOuterSteps: Number(args['outer-steps']), seed, ...(regularizer !== undefined && {regularizer: new FlatnessRegularizer(regularizer)})});
    return share(() => result.optimizer({numSteps: NUM_STEPS}));
  };
  const plain = await trained();
  metaFitRows.push(row({seed, regularizer: null}, plain, plain));
  for (const options of META_MEASURES) metaFitRows.push(row({seed, regularizer: options}, await trained(options), plain));
}
const {tasks: _tasks, ...meta} = META;
console.log(JSON.stringify({
  runs: Number(args.runs), steps: NUM_STEPS, interval: '95 % t-interval of the paired difference over runs', minutes: Math.round((performance.now() - start) / 6000) / 10,
  fit, metaFit: {...meta, numOuterSteps: Number(args['outer-steps']), rows: metaFitRows},
}, null, 1));
