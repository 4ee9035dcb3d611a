/**
 * Does a FlatnessRegularizer in `model.fit` help where labels are wrong? Digits, 500 training images, 20 % of whose labels are replaced,
 * with Adam and with the learned optimizer, each with and without the regularizer, everything else the same: start, batches, wrong
 * labels. Settings were chosen with `--tune`, on seeds of their own and on validation images; the report is on test images.
 * Prints one JSON object.
 *
 *     npm run -s bench:flatness-fit > docs/results/flatness-fit.json
 *     npm run -s bench:flatness-fit -- --tune
 */
import * as tf from '@tensorflow/tfjs-core';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import {initializers, layers, sequential, type Sequential} from '@tensorflow/tfjs-layers';
import {createRequire} from 'node:module';
import {dirname} from 'node:path';
import {parseArgs} from 'node:util';
import {enableHigherOrderGradients} from '../src/flatness/higher-order-gradients.js';
import {estimateFrobeniusNorm} from '../src/flatness/hessian-square.js';
import {estimateHessianNorm} from '../src/flatness/hessian-norm.js';
import {modelProbe} from '../src/flatness/model-probe.js';
import {Neighbourhood} from '../src/flatness/neighbourhood.js';
import {FlatnessRegularizer, learnedOptimizer, Random, type FlatnessRegularizerOptions} from '../src/index.js';
import {tInterval, type Estimate} from '../src/report/statistics.js';
import {loadDigits, type LabelledData} from '../src/tasks/digits.js';

const NUM_TRAIN = 500, NOISE = 0.2, HIDDEN = 64, BATCH_SIZE = 50, NUM_EPOCHS = 60, LEARNING_RATE = 3e-3;
const OPTIMIZERS = {
  adam: () => tf.train.adam(LEARNING_RATE),
  learned: () => learnedOptimizer({numSteps: NUM_EPOCHS * NUM_TRAIN / BATCH_SIZE}),
} as const;
/** What was chosen by `--tune`, for both optimizers alike. */
const CHOSEN: readonly FlatnessRegularizerOptions[] = [
  {measure: 'sharpness', strength: 1, radius: 4},
  {measure: 'localEntropy', strength: 1, gamma: 4, samples: 2},
];
const CANDIDATES: readonly FlatnessRegularizerOptions[] = [
  ...[2, 4, 8, 16].map(radius => ({measure: 'sharpness', strength: 1, radius}) as const),
  ...[100, 25, 10, 4].map(gamma => ({measure: 'localEntropy', strength: 1, gamma, samples: 2}) as const),
];
const FIRST_SEED = 1, NUM_SEEDS = 20, FIRST_TUNING_SEED = 1001, NUM_TUNING_SEEDS = 2;
/** Twice the exact Hessian-vector products for each norm of a solution. */
const NORM_SAMPLES = 40;

const {values: args} = parseArgs({options: {tune: {type: 'boolean', default: false}, seeds: {type: 'string'}}});
const require = createRequire(import.meta.url);
setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);
await tf.setBackend('wasm');
await tf.ready();
// Differences of gradients see the curvature some way off where a net has learned everything by heart.
enableHigherOrderGradients();

interface Outcome {
  readonly accuracy: number;
  readonly trainingLoss: number;
  /** max |λ| of the Hessian of the training loss, exact products, in the weights themselves and relative to each tensor's RMS. */
  readonly spectral: number;
  readonly relativeSpectral: number;
  /** √tr(H²), likewise. */
  readonly frobenius: number;
  readonly relativeFrobenius: number;
  /** The same of the loss on the test images: where wrong labels are learned by heart that on the training images is flat, as softmax is where a model is sure. */
  readonly testSpectral: number;
  readonly testFrobenius: number;
}

const digits = loadDigits();

/** 500 images of the training split, some with another label. */
function noisyTraining(random: Random): LabelledData {
  const {train} = digits, rows = random.permutation(train.numExamples).subarray(0, NUM_TRAIN), {numFeatures, numClasses} = train;
  return {
    features: Float32Array.from({length: NUM_TRAIN * numFeatures}, (_, i) => train.features[rows[Math.floor(i / numFeatures)]! * numFeatures + i % numFeatures]!),
    labels: Int32Array.from(rows, row => (random.chance(NOISE) ? random.integer(numClasses) : train.labels[row]!)),
    numExamples: NUM_TRAIN, numFeatures, numClasses,
  };
}

function tensorsOf({features, labels, numExamples, numFeatures, numClasses}: LabelledData): {x: tf.Tensor2D; y: tf.Tensor} {
  return {x: tf.tensor2d(features.slice(), [numExamples, numFeatures]), y: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels.slice(), 'int32'), numClasses), 'float32'))};
}

function makeModel(seed: number): Sequential {
  const kernel = (k: number): ReturnType<typeof initializers.glorotUniform> => initializers.glorotUniform({seed: 10 * seed + k});
  return sequential({layers: [
    layers.dense({units: HIDDEN, activation: 'relu', inputShape: [digits.train.numFeatures], kernelInitializer: kernel(1)}),
    layers.dense({units: HIDDEN, activation: 'relu', kernelInitializer: kernel(2)}),
    layers.dense({units: digits.train.numClasses, activation: 'softmax', kernelInitializer: kernel(3)}),
  ]});
}

/** Runs `f` with TF.js's shuffles from a seed. */
async function shuffledBy<T>(random: Random, f: () => Promise<T>): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(Math, 'random')!;
  Object.defineProperty(Math, 'random', {...own, value: () => random.uniform()});
  try {
    return await f();
  } finally {
    Object.defineProperty(Math, 'random', own);
  }
}

async function run(seed: number, optimizerName: keyof typeof OPTIMIZERS, options: FlatnessRegularizerOptions | undefined, judge: LabelledData): Promise<Outcome> {
  const random = new Random(seed), train = tensorsOf(noisyTraining(random.fork('data'))), test = tensorsOf(judge);
  const model = makeModel(seed), optimizer = OPTIMIZERS[optimizerName]();
  model.compile({optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy']});
  await shuffledBy(random.fork('batches'), () => model.fit(train.x, train.y, {
    epochs: NUM_EPOCHS, batchSize: BATCH_SIZE, verbose: 0, ...(options !== undefined && {callbacks: new FlatnessRegularizer({...options, seed})}),
  }));
  const evaluate = ({x, y}: typeof train): number[] => {
    const scalars = model.evaluate(x, y, {batchSize: NUM_TRAIN}) as tf.Scalar[], found = scalars.map(scalar => scalar.dataSync()[0]!);
    tf.dispose(scalars);
    return found;
  };
  const trainingLoss = evaluate(train)[0]!, accuracy = evaluate(test)[1]!;
  const norms = ({x, y}: typeof train, scaling: 'plain' | 'tensor', name: string = scaling): {spectral: number; frobenius: number} => {
    const around = new Neighbourhood(modelProbe('bench', model, x, y, {batchSize: NUM_TRAIN, exact: true}), scaling);
    return {spectral: estimateHessianNorm(around, random.fork(`spectral ${name}`), NORM_SAMPLES).value, frobenius: estimateFrobeniusNorm(around, random.fork(`frobenius ${name}`), NORM_SAMPLES).value};
  };
  const plain = norms(train, 'plain'), relative = norms(train, 'tensor'), tested = norms(test, 'plain', 'test');
  model.dispose();
  optimizer.dispose();
  tf.dispose([train, test]);
  return {
    accuracy, trainingLoss, spectral: plain.spectral, relativeSpectral: relative.spectral, frobenius: plain.frobenius, relativeFrobenius: relative.frobenius,
    testSpectral: tested.spectral, testFrobenius: tested.frobenius,
  };
}

/** Mean over seeds of each quantity, and of the difference to the runs without the regularizer. */
function compare(outcomes: readonly Outcome[], plain: readonly Outcome[]): Record<keyof Outcome, {readonly mean: number; readonly difference: Estimate}> {
  const of = (key: keyof Outcome): {mean: number; difference: Estimate} => ({mean: tInterval(outcomes.map(o => o[key])).mean, difference: tInterval(outcomes.map((o, i) => o[key] - plain[i]![key]))});
  const keys = Object.keys(outcomes[0]!) as Array<keyof Outcome>;
  return Object.fromEntries(keys.map(key => [key, of(key)])) as ReturnType<typeof compare>;
}

const start = performance.now(), [firstSeed, numSeeds] = args.tune ? [FIRST_TUNING_SEED, NUM_TUNING_SEEDS] : [FIRST_SEED, NUM_SEEDS];
const seeds = Array.from({length: Number(args.seeds ?? numSeeds)}, (_, i) => firstSeed + i), judge = args.tune ? digits.validation : digits.test;
const results: object[] = [];
for (const optimizer of Object.keys(OPTIMIZERS) as Array<keyof typeof OPTIMIZERS>) {
  const outcomesOf = async (options: FlatnessRegularizerOptions | undefined): Promise<Outcome[]> => {
    const outcomes: Outcome[] = [];
    for (const seed of seeds) outcomes.push(await run(seed, optimizer, options, judge));
    return outcomes;
  };
  const plain = await outcomesOf(undefined);
  results.push({optimizer, regularizer: null, ...compare(plain, plain)});
  for (const options of args.tune ? CANDIDATES : CHOSEN) {
    results.push({optimizer, regularizer: options, ...compare(await outcomesOf(options), plain)});
    console.error(JSON.stringify(results.at(-1)));
  }
}
console.log(JSON.stringify({
  data: `digits, ${NUM_TRAIN} training images, ${100 * NOISE} % of them with a label drawn anew; judged on ${judge.numExamples} ${args.tune ? 'validation' : 'test'} images`,
  model: `64-${HIDDEN}-${HIDDEN}-10 relu`, epochs: NUM_EPOCHS, batchSize: BATCH_SIZE, learningRateOfAdam: LEARNING_RATE, seeds: [seeds[0], seeds.at(-1)],
  interval: '95 % t-interval of the paired difference over seeds', minutes: Math.round((performance.now() - start) / 6000) / 10, results,
}, null, 1));
