/** What the study of docs/l2o-entropy.md meta-trains on, chooses strengths on, and judges on. No image is in two of these. */
import {labelNoise} from '../../src/tasks/augment/label-noise.js';
import {loadDigits, type LabelledData} from '../../src/tasks/digits.js';
import {convNetFamily} from '../../src/tasks/families/conv-net.js';
import {mlpClassificationFamily, type MlpClassificationOptions} from '../../src/tasks/families/mlp-classification.js';
import type {DataSplits} from '../../src/tasks/families/shared/supervised-task.js';
import {loadFashionMnist} from '../../src/tasks/fashion-mnist.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';

/** A kind of model on a kind of data. Its `validation` split is what accuracy is measured on; training never sees it. */
export interface JudgedTask {
  readonly name: string;
  readonly family: TaskFamily;
}

/** Names of the sets of judged tasks. */
export type SuiteName = 'validation' | 'unseen';

const digits = loadDigits(), NUM_META = Math.floor(digits.train.numExamples / 2);
/** Training images for meta-training and for the choice of strengths, and those for judging. */
const META_IMAGES = rows(digits.train, 0, NUM_META), JUDGING_IMAGES = rows(digits.train, NUM_META, digits.train.numExamples);

/** Small relu networks on few digits, some of which have wrong labels: they can be learned by heart. */
export const META_FAMILY: TaskFamily = labelNoise({share: [0.1, 0.4]})(mlpClassificationFamily({
  data: {train: META_IMAGES, validation: digits.validation}, numExamples: [100, 300], depth: 1, width: [8, 20], activation: 'relu', initialization: 'glorotUniform', batchSize: 32,
}) as TaskFamily);

/** The judged tasks of a suite, in order. @throws L2OError `DATA_MISSING` for the unseen ones where Fashion-MNIST is not installed. */
export function judgedTasks(suite: SuiteName): readonly JudgedTask[] {
  return suite === 'validation' ? validationTasks() : unseenTasks();
}

function validationTasks(): JudgedTask[] {
  const data = {train: META_IMAGES, validation: digits.validation};
  return [
    mlp('24 relu units, 200 digits, 30 % noise', data, 0.3, {numExamples: 200, width: 24, activation: 'relu'}),
    mlp('16 softplus units, 300 digits, 20 % noise', data, 0.2, {numExamples: 300, width: 16, activation: 'softplus'}),
    mlp('2 × 16 relu units, 150 digits', data, 0, {numExamples: 150, width: 16, depth: 2, activation: 'relu'}),
  ];
}

function unseenTasks(): JudgedTask[] {
  const data = {train: JUDGING_IMAGES, validation: digits.test}, {train, test} = loadFashionMnist({sizes: {train: 600, validation: 1, test: 2000}});
  const fashion = {train: halved(train), validation: halved(test)};
  return [
    mlp('48 tanh units, 300 digits, 20 % noise', data, 0.2, {numExamples: 300, width: 48, activation: 'tanh'}),
    mlp('2 × 24 elu units, 400 digits, 40 % noise', data, 0.4, {numExamples: 400, width: 24, depth: 2, activation: 'elu'}),
    mlp('40 relu units, 500 digits, 30 % noise', data, 0.3, {numExamples: 500, width: 40, activation: 'relu'}),
    mlp('32 sigmoid units, 200 digits', data, 0, {numExamples: 200, width: 32, activation: 'sigmoid'}),
    noisy('conv net, 300 digits, 20 % noise', 0.2, convNetFamily({
      data, numExamples: 300, depth: 2, channels: 8, activation: 'relu', downsampling: 'maxPool', head: 'flatten', initialization: 'glorotUniform', batchSize: 32,
    })),
    mlp('24 relu units, 500 of Fashion-MNIST, 20 % noise', fashion, 0.2, {numExamples: 500, width: 24, activation: 'relu'}),
  ];
}

/** The tasks of the link study: with wrong labels, and with few images. */
export function linkTasks(batchSize: number): readonly JudgedTask[] {
  const data = {train: JUDGING_IMAGES, validation: digits.test};
  return [
    mlp('32 relu units, 300 digits, 20 % noise', data, 0.2, {numExamples: 300, width: 32, activation: 'relu', batchSize}),
    mlp('32 relu units, 200 digits', data, 0, {numExamples: 200, width: 32, activation: 'relu', batchSize}),
  ];
}

function mlp(name: string, data: DataSplits<LabelledData>, noise: number, options: MlpClassificationOptions): JudgedTask {
  return noisy(name, noise, mlpClassificationFamily({data, depth: 1, initialization: 'glorotUniform', batchSize: 32, ...options}));
}

function noisy(name: string, share: number, family: TaskFamily): JudgedTask {
  return {name, family: share === 0 ? family : labelNoise({share})(family)};
}

function rows({features, labels, numFeatures, numClasses}: LabelledData, from: number, to: number): LabelledData {
  return {features: features.slice(from * numFeatures, to * numFeatures), labels: labels.slice(from, to), numExamples: to - from, numFeatures, numClasses};
}

/** Square images at half their height and width: means of 2×2 pixels. */
export function halved(data: LabelledData): LabelledData {
  const {numExamples, numFeatures} = data, side = Math.sqrt(numFeatures), half = side / 2, features = new Float32Array(numExamples * half * half);
  for (let image = 0; image < numExamples; image++) {
    for (let i = 0; i < half; i++) {
      for (let j = 0; j < half; j++) {
        const at = image * numFeatures + 2 * i * side + 2 * j, {features: f} = data;
        features[image * half * half + i * half + j] = (f[at]! + f[at + 1]! + f[at + side]! + f[at + side + 1]!) / 4;
      }
    }
  }
  return {...data, features, numFeatures: half * half};
}
