import type {Random} from '../../random.js';
import type {LabelledData} from '../../tasks/digits.js';
import type {DataSplits, TargetData} from '../../tasks/families/shared/supervised-task.js';

const NUM_EXAMPLES = 600;

/** Which training targets are wrong, and how far. */
export interface Outliers {
  /** Share of the training targets, from 0 to 1. */
  readonly share: number;
  /** Deviation of what is added to them; the targets' own is 1. */
  readonly deviation: number;
}

/**
 * Friedman's first function of ten uniform numbers, five of them without effect, under noise; targets of about mean 0 and deviation
 * 1, some of the training ones far off.
 *
 * @see J. Friedman 1991, "Multivariate adaptive regression splines".
 */
export function sampleFriedman(random: Random, {share, deviation}: Outliers): DataSplits<TargetData> {
  const numFeatures = 10, mean = 14.4, spread = 4.9;
  const examples = (): TargetData => {
    const features = Float32Array.from({length: NUM_EXAMPLES * numFeatures}, () => random.uniform(-1, 1));
    const targets = Float32Array.from({length: NUM_EXAMPLES}, (_, i) => {
      const [a, b, c, d, e] = Array.from(features.subarray(i * numFeatures, i * numFeatures + 5), x => (x + 1) / 2) as [number, number, number, number, number];
      return (10 * Math.sin(Math.PI * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e + random.normal() - mean) / spread;
    });
    return {features, targets, numExamples: NUM_EXAMPLES, numFeatures, numOutputs: 1};
  };
  const train = examples(), validation = examples();
  for (let i = 0; i < NUM_EXAMPLES; i++) if (random.chance(share)) train.targets[i]! += deviation * random.normal();
  return {train, validation};
}

/** Interleaved spirals in the plane, one a class, a turn and a half each, under a little noise. */
export function sampleSpirals(random: Random, numClasses: number): DataSplits<LabelledData> {
  const examples = (): LabelledData => {
    const features = new Float32Array(2 * NUM_EXAMPLES);
    const labels = Int32Array.from({length: NUM_EXAMPLES}, (_, i) => {
      const label = random.integer(numClasses), radius = Math.sqrt(random.uniform(0.01, 1)), angle = 2 * Math.PI * (1.5 * radius + label / numClasses);
      features[2 * i] = 2 * radius * Math.cos(angle) + 0.05 * random.normal();
      features[2 * i + 1] = 2 * radius * Math.sin(angle) + 0.05 * random.normal();
      return label;
    });
    return {features, labels, numExamples: NUM_EXAMPLES, numFeatures: 2, numClasses};
  };
  return {train: examples(), validation: examples()};
}

/** The training labels with a share of them replaced by any class. Validation labels stay right. */
export function withWrongLabels({train, validation}: DataSplits<LabelledData>, random: Random, share: number): DataSplits<LabelledData> {
  return {train: {...train, labels: train.labels.map(label => (random.chance(share) ? random.integer(train.numClasses) : label))}, validation};
}

/** Square images made smaller: each pixel the mean of a square of them. @param factor Side of that square; divides the images' side. */
export function pooled({train, validation}: DataSplits<LabelledData>, factor: number): DataSplits<LabelledData> {
  const side = Math.sqrt(train.numFeatures), small = side / factor;
  const part = (data: LabelledData): LabelledData => {
    const features = new Float32Array(data.numExamples * small * small);
    data.features.forEach((pixel, i) => {
      const image = Math.floor(i / data.numFeatures), y = Math.floor((i % data.numFeatures) / side), x = i % side;
      features[image * small * small + Math.floor(y / factor) * small + Math.floor(x / factor)]! += pixel / (factor * factor);
    });
    return {...data, features, numFeatures: small * small};
  };
  return {train: part(train), validation: part(validation)};
}
