import type {Random} from '../random.js';
import {ACTIVATIONS, type Activation} from '../rollout/engine-layout.js';
import type {LabelledData} from './digits.js';
import {countParams, mlpProblem, type MlpTask} from './mlp-task.js';
import type {CompiledProblem} from './compiled-problem.js';

/** Held-out examples of a task: the last ones of its data. */
const NUM_VALIDATION = 256;
const VALIDATION_BATCH_SIZE = 64;

/** Settings of {@link sampleMlpTask}. */
export interface MlpFamilyOptions {
  /** Largest number of multiply-adds of one forward pass; keeps the tasks of a batch of rollouts of like cost. */
  readonly maxMultiplyAdds: number;
  /** Hidden sizes that are never sampled, because they are kept for evaluation. */
  readonly excludedHidden: ReadonlyArray<readonly number[]>;
}

/**
 * Samples an MLP task: data (the digits' training images under random projections, Gaussian clusters, a random teacher, or patterns on
 * which training waits on a plateau: boards, parities and waves), with held-out examples that bear no noise, classification or
 * regression, shape, activation, initialisation, batch size, and reparametrisation
 * (the network sees `p * s`, `s` log-uniform: one for all parameters in 1e-3…1e3, or per tensor in 0.1…10, or per parameter in
 * 0.3…3; Metz et al. 2022, "VeLO", arXiv 2211.09760).
 */
export function sampleMlpTask(random: Random, digits: LabelledData, options: MlpFamilyOptions): {name: string; problem: CompiledProblem} {
  for (;;) {
    const data = sampleData(random, digits);
    const hidden = sampleHidden(random);
    const sizes = [data.numFeatures, ...hidden, data.numOutputs];
    const batchSize = random.pick([8, 16, 32, 32, 64, 64, 128]);
    const excluded = options.excludedHidden.some(e => e.length === hidden.length && e.every((n, i) => n === hidden[i]));
    if (excluded || countParams(sizes) * batchSize > options.maxMultiplyAdds) continue;
    const scales = sampleScales(random, sizes);
    const initialParams = sampleInit(random, sizes);
    for (let i = 0; i < scales.length; i++) initialParams[i]! /= scales[i]!;
    const activation: Activation = random.pick(['relu', 'relu', 'relu', 'tanh', 'tanh', ...ACTIVATIONS]);
    return {name: `${data.name} ${sizes.join('-')} ${activation}`, problem: mlpProblem({sizes, activation, batchSize, numValidation: NUM_VALIDATION, validationBatchSize: VALIDATION_BATCH_SIZE, scales, initialParams, ...data.task}, random.next())};
  }
}

interface SampledData {
  readonly name: string;
  readonly numFeatures: number;
  readonly numOutputs: number;
  readonly task: Pick<MlpTask, 'features' | 'labels' | 'targets' | 'numExamples' | 'loss'>;
}

function sampleData(random: Random, digits: LabelledData): SampledData {
  const kind = random.pick(['digits', 'digits', 'digits', 'clusters', 'teacher', 'regression', 'pattern'] as const);
  if (kind === 'digits') return sampleDigits(random, digits);
  const numExamples = Math.round(random.logUniform(64, 1000));
  if (kind === 'pattern') return samplePattern(random, numExamples);
  const numFeatures = Math.round(random.logUniform(4, 64));
  return kind === 'clusters' ? sampleClusters(random, numExamples, numFeatures) : sampleTeacher(random, numExamples, numFeatures, kind === 'regression');
}

function sampleDigits(random: Random, digits: LabelledData): SampledData {
  const numExamples = Math.round(random.logUniform(60, digits.numExamples - NUM_VALIDATION)), order = random.permutation(digits.numExamples);
  const numAll = numExamples + NUM_VALIDATION;
  const numClasses = random.chance(0.7) ? 10 : 2 + random.integer(8);
  const classOf = random.permutation(10).map(c => c % numClasses);
  const [shift, gain] = random.pick([[0, 1], [0.3, 1], [0.3, 2.6]] as const);
  const d = digits.numFeatures, raw = new Float32Array(numAll * d), labels = new Int32Array(numAll);
  for (let i = 0; i < numAll; i++) {
    for (let k = 0; k < d; k++) raw[i * d + k] = (digits.features[order[i]! * d + k]! - shift) * gain;
    labels[i] = classOf[digits.labels[order[i]!]!]!;
  }
  addLabelNoise(random, labels.subarray(0, numExamples), numClasses);
  const loss = 'softmaxCrossEntropy';
  if (random.chance(0.6)) return {name: 'digits', numFeatures: d, numOutputs: numClasses, task: {features: raw, labels, numExamples, loss}};
  const numFeatures = Math.round(random.logUniform(8, 64));
  const features = multiply(raw, random.normals(d * numFeatures, 1 / Math.sqrt(d)), numAll, d, numFeatures);
  return {name: 'projected digits', numFeatures, numOutputs: numClasses, task: {features, labels, numExamples, loss}};
}

function sampleClusters(random: Random, numExamples: number, numFeatures: number): SampledData {
  const numAll = numExamples + NUM_VALIDATION;
  const numClasses = 2 + random.integer(9), spread = random.logUniform(0.3, 3) / Math.sqrt(numFeatures) * 2;
  const perClass = 1 + random.integer(3), centers = random.normals(numClasses * perClass * numFeatures, spread);
  const features = random.normals(numAll * numFeatures), labels = new Int32Array(numAll);
  for (let i = 0; i < numAll; i++) {
    const center = random.integer(numClasses * perClass);
    labels[i] = center % numClasses;
    for (let k = 0; k < numFeatures; k++) features[i * numFeatures + k]! += centers[center * numFeatures + k]!;
  }
  addLabelNoise(random, labels.subarray(0, numExamples), numClasses);
  scaleFeatures(random, features, numFeatures);
  return {name: 'clusters', numFeatures, numOutputs: numClasses, task: {features, labels, numExamples, loss: 'softmaxCrossEntropy'}};
}

function sampleTeacher(random: Random, numExamples: number, numFeatures: number, regression: boolean): SampledData {
  const numAll = numExamples + NUM_VALIDATION;
  const width = Math.round(random.logUniform(4, 32)), numOutputs = regression ? 1 + random.integer(4) : 2 + random.integer(9);
  const features = random.normals(numAll * numFeatures);
  const hidden = multiply(features, random.normals(numFeatures * width, random.logUniform(0.5, 2) / Math.sqrt(numFeatures)), numAll, numFeatures, width);
  const linear = random.chance(0.25);
  if (!linear) for (let i = 0; i < hidden.length; i++) hidden[i] = Math.tanh(hidden[i]!);
  const outputs = multiply(hidden, random.normals(width * numOutputs, 1 / Math.sqrt(width)), numAll, width, numOutputs);
  scaleFeatures(random, features, numFeatures);
  if (regression) {
    const noise = random.chance(0.5) ? random.logUniform(0.01, 0.5) : 0, scale = random.logUniform(0.3, 3);
    for (let i = 0; i < outputs.length; i++) outputs[i] = scale * (outputs[i]! + (i < numExamples * numOutputs ? noise * random.normal() : 0));
    return {name: linear ? 'linear regression' : 'regression', numFeatures, numOutputs, task: {features, targets: outputs, numExamples, loss: 'meanSquaredError'}};
  }
  const labels = Int32Array.from({length: numAll}, (_, i) => {
    const row = outputs.subarray(i * numOutputs, (i + 1) * numOutputs);
    return row.indexOf(Math.max(...row));
  });
  addLabelNoise(random, labels.subarray(0, numExamples), numOutputs);
  return {name: 'teacher', numFeatures, numOutputs, task: {features, labels, numExamples, loss: 'softmaxCrossEntropy'}};
}

/** Patterns in few features that a small network learns late and all at once. */
function samplePattern(random: Random, numExamples: number): SampledData {
  const kind = random.pick(['board', 'parity', 'waves'] as const), numAll = numExamples + NUM_VALIDATION;
  if (kind === 'parity') {
    const numSigns = 2 + random.integer(4), numFeatures = numSigns + random.integer(4), features = new Float32Array(numAll * numFeatures).map(() => (random.chance(0.5) ? 1 : -1));
    const labels = Int32Array.from({length: numAll}, (_, i) => features.subarray(i * numFeatures, i * numFeatures + numSigns).reduce((product, x) => product * x, 1) > 0 ? 1 : 0);
    return {name: 'parity', numFeatures, numOutputs: 2, task: {features, labels, numExamples, loss: 'softmaxCrossEntropy'}};
  }
  const numFeatures = 1 + random.integer(3), frequency = random.logUniform(0.5, 3), features = new Float32Array(numAll * numFeatures).map(() => random.uniform(-1, 1));
  const rowOf = (i: number): Float32Array => features.subarray(i * numFeatures, (i + 1) * numFeatures);
  if (kind === 'waves') {
    const waves = Array.from({length: 1 + random.integer(3)}, () => ({direction: random.normals(numFeatures, Math.PI * frequency), phase: random.uniform(0, 2 * Math.PI)}));
    const targets = Float32Array.from({length: numAll}, (_, i) => waves.reduce((sum, {direction, phase}) => sum + Math.sin(rowOf(i).reduce((dot, x, k) => dot + x * direction[k]!, phase)), 0));
    return {name: 'waves', numFeatures, numOutputs: 1, task: {features, targets, numExamples, loss: 'meanSquaredError'}};
  }
  const numClasses = 2 + random.integer(3);
  const labels = Int32Array.from({length: numAll}, (_, i) => rowOf(i).reduce((sum, x) => sum + Math.floor((x + 1) * frequency), 0) % numClasses);
  return {name: 'board', numFeatures, numOutputs: numClasses, task: {features, labels, numExamples, loss: 'softmaxCrossEntropy'}};
}

function addLabelNoise(random: Random, labels: Int32Array, numClasses: number): void {
  if (!random.chance(0.2)) return;
  const share = random.uniform(0, 0.2);
  for (let i = 0; i < labels.length; i++) if (random.chance(share)) labels[i] = random.integer(numClasses);
}

/** One in four data sets gets features of unequal scale: an ill-conditioned problem. */
function scaleFeatures(random: Random, features: Float32Array, numFeatures: number): void {
  if (!random.chance(0.25)) return;
  const scales = Array.from({length: numFeatures}, () => random.logUniform(0.1, 3));
  for (let i = 0; i < features.length; i++) features[i]! *= scales[i % numFeatures]!;
}

function sampleHidden(random: Random): number[] {
  const depth = random.pick([0, 1, 1, 1, 1, 2, 2, 2, 3, 4]);
  const width = Math.round(random.logUniform(8, depth <= 1 ? 160 : 80)), taper = random.chance(0.5);
  return Array.from({length: depth}, () => (taper ? Math.max(4, Math.round(width * random.logUniform(0.4, 1.2))) : width));
}

/** Initial weights as TF.js and its users choose them: Glorot uniform, He normal, LeCun normal; biases zero, rarely not. */
function sampleInit(random: Random, sizes: readonly number[]): Float32Array {
  const params = new Float32Array(countParams(sizes)), kind = random.pick(['glorot', 'glorot', 'glorot', 'he', 'he', 'lecun'] as const);
  const gain = random.chance(0.2) ? random.logUniform(0.4, 2) : 1, biased = random.chance(0.1);
  let at = 0;
  for (let l = 0; l + 1 < sizes.length; l++) {
    const fanIn = sizes[l]!, fanOut = sizes[l + 1]!, limit = Math.sqrt(6 / (fanIn + fanOut));
    const deviation = Math.sqrt((kind === 'he' ? 2 : 1) / fanIn);
    for (let i = 0; i < fanIn * fanOut; i++) params[at++] = gain * (kind === 'glorot' ? random.uniform(-limit, limit) : random.normal() * deviation);
    for (let i = 0; i < fanOut; i++) params[at++] = biased ? 0.1 * random.normal() : 0;
  }
  return params;
}

function sampleScales(random: Random, sizes: readonly number[]): Float32Array {
  const scales = new Float32Array(countParams(sizes)).fill(1);
  const level = random.pick(['none', 'none', 'none', 'global', 'global', 'tensor', 'tensor', 'parameter'] as const);
  if (level === 'none') return scales;
  if (level === 'global') {
    const range = random.chance(0.6) ? 10 : 1000;
    return scales.fill(random.logUniform(1 / range, range));
  }
  let at = 0;
  for (let l = 0; l + 1 < sizes.length; l++) {
    for (const size of [sizes[l]! * sizes[l + 1]!, sizes[l + 1]!]) {
      if (level === 'tensor') scales.fill(random.logUniform(0.1, 10), at, at + size);
      else for (let i = at; i < at + size; i++) scales[i] = random.logUniform(0.3, 3);
      at += size;
    }
  }
  return scales;
}

/** Row-major `a [rows, inner]` times `b [inner, columns]`. */
function multiply(a: Float32Array, b: Float32Array, rows: number, inner: number, columns: number): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const x = a[i * inner + k]!;
      if (x !== 0) for (let j = 0; j < columns; j++) out[i * columns + j]! += x * b[k * columns + j]!;
    }
  }
  return out;
}
