import type {Random} from '../../../random.js';
import type {LabelledData} from '../../digits.js';
import {multiply} from './linear-algebra.js';
import type {DataSplits, TargetData} from './supervised-task.js';

/** How many examples, of what shape; as many again are made for validation. */
export interface SyntheticSize {
  readonly numExamples: number;
  readonly numFeatures: number;
}

/** Gaussian clusters, one to three a class. */
export function sampleClusters(random: Random, {numExamples, numFeatures}: SyntheticSize, numClasses: number): DataSplits<LabelledData> {
  const spread = (2 * random.logUniform(0.3, 3)) / Math.sqrt(numFeatures);
  const numCenters = numClasses * (1 + random.integer(3)), centers = random.normals(numCenters * numFeatures, spread);
  return bothSplits(() => {
    const features = random.normals(numExamples * numFeatures);
    const labels = Int32Array.from({length: numExamples}, (_, i) => {
      const center = random.integer(numCenters);
      for (let k = 0; k < numFeatures; k++) features[i * numFeatures + k]! += centers[center * numFeatures + k]!;
      return center % numClasses;
    });
    return {features, labels, numExamples, numFeatures, numClasses};
  });
}

/** Classes by the largest output of a random network with one hidden layer of tanh units. */
export function sampleTeacherClasses(random: Random, size: SyntheticSize, numClasses: number): DataSplits<LabelledData> {
  const {numExamples, numFeatures} = size, teacher = sampleTeacher(random, numFeatures, numClasses);
  return bothSplits(() => {
    const features = random.normals(numExamples * numFeatures), outputs = teacher(features, numExamples);
    const labels = Int32Array.from({length: numExamples}, (_, i) => {
      const row = outputs.subarray(i * numClasses, (i + 1) * numClasses);
      return row.indexOf(Math.max(...row));
    });
    return {features, labels, numExamples, numFeatures, numClasses};
  });
}

/**
 * The outputs of a random network with one hidden layer of tanh units, about of variance 1, and noise.
 * @param noise Standard deviation.
 */
export function sampleTeacherOutputs(random: Random, size: SyntheticSize, numOutputs: number, noise: number): DataSplits<TargetData> {
  const {numExamples, numFeatures} = size, teacher = sampleTeacher(random, numFeatures, numOutputs);
  return bothSplits(() => {
    const features = random.normals(numExamples * numFeatures), targets = teacher(features, numExamples);
    for (let i = 0; i < targets.length; i++) targets[i]! += noise * random.normal();
    return {features, targets, numExamples, numFeatures, numOutputs};
  });
}

/** Points on a curved manifold of few dimensions, all features from 0 to 1: a random network's outputs, squashed. */
export function sampleManifold(random: Random, {numExamples, numFeatures}: SyntheticSize): DataSplits<TargetData> {
  const numLatent = 2 + random.integer(6), decoder = sampleTeacher(random, numLatent, numFeatures), gain = random.logUniform(1, 4);
  return bothSplits(() => {
    const features = decoder(random.normals(numExamples * numLatent), numExamples).map(x => 1 / (1 + Math.exp(-gain * x)));
    return {features, targets: features, numExamples, numFeatures, numOutputs: numFeatures};
  });
}

/** Square images of one channel, from 0 to 1: each class a smooth random pattern, shifted by up to a pixel, under noise. */
export function samplePatterns(random: Random, numExamples: number, side: number, numClasses: number): DataSplits<LabelledData> {
  const numWaves = 4;
  const patterns = Array.from({length: numClasses}, () => Array.from({length: numWaves}, () =>
    ({x: random.uniform(-4, 4) / side, y: random.uniform(-4, 4) / side, phase: random.uniform(0, 2 * Math.PI)})));
  const noise = random.logUniform(0.05, 0.5), numFeatures = side * side;
  return bothSplits(() => {
    const features = new Float32Array(numExamples * numFeatures);
    const labels = Int32Array.from({length: numExamples}, (_, i) => {
      const label = random.integer(numClasses), dx = random.uniform(-1, 1), dy = random.uniform(-1, 1);
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
          const level = patterns[label]!.reduce((sum, wave) => sum + Math.sin(2 * (wave.x * (x + dx) + wave.y * (y + dy)) + wave.phase), 0);
          features[i * numFeatures + y * side + x] = 1 / (1 + Math.exp(-level - noise * random.normal()));
        }
      }
      return label;
    });
    return {features, labels, numExamples, numFeatures, numClasses};
  });
}

/** Sequences of one number a step: noisy sines of random phase; the class is the frequency. */
export function sampleSines(random: Random, numExamples: number, numSteps: number, numClasses: number): DataSplits<LabelledData> {
  const noise = random.logUniform(0.05, 0.5);
  return bothSplits(() => {
    const features = new Float32Array(numExamples * numSteps);
    const labels = Int32Array.from({length: numExamples}, (_, i) => {
      const label = random.integer(numClasses), phase = random.uniform(0, 2 * Math.PI);
      const frequency = (Math.PI * (label + 0.5)) / numClasses;
      for (let t = 0; t < numSteps; t++) features[i * numSteps + t] = Math.sin(frequency * t + phase) + noise * random.normal();
      return label;
    });
    return {features, labels, numExamples, numFeatures: numSteps, numClasses};
  });
}

function bothSplits<D>(make: () => D): DataSplits<D> {
  return {train: make(), validation: make()};
}

function sampleTeacher(random: Random, numInputs: number, numOutputs: number): (inputs: Float32Array, rows: number) => Float32Array {
  const width = Math.round(random.logUniform(4, 32));
  const first = random.normals(numInputs * width, random.logUniform(0.5, 2) / Math.sqrt(numInputs)); // [inputs, width]
  const second = random.normals(width * numOutputs, 1.5 / Math.sqrt(width)); // [width, outputs]
  return (inputs, rows) => multiply(multiply(inputs, first, rows, numInputs, width).map(Math.tanh), second, rows, width, numOutputs);
}
