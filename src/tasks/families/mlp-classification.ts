import type {Random} from '../../random.js';
import type {LabelledData} from '../digits.js';
import type {TaskFamily} from '../task-family.js';
import {denseTask, sampleDenseProblem, type DenseProblem} from './shared/dense-task.js';
import {checkSources, drawSource, takeExamples, type DataSource} from './shared/given-data.js';
import {DENSE_OPTIONS, completeDenseOptions, drawHidden, type Complete, type DenseOptions} from './shared/network-options.js';
import {OptionCheck, drawChoice, drawInteger, type NumberRange, type OneOrMore} from './shared/option-check.js';
import type {DataSplits, ExampleBatch} from './shared/supervised-task.js';
import {sampleClusters, sampleTeacherClasses} from './shared/synthetic-data.js';

const GENERATORS = ['clusters', 'teacher'] as const;
const LOSSES = ['softmaxCrossEntropy', 'sigmoidCrossEntropy', 'meanSquaredError'] as const;

/** Options of {@link mlpClassificationFamily}. All are optional; ranges and lists are drawn from anew for each task. */
export interface MlpClassificationOptions extends DenseOptions {
  /**
   * `'clusters'` (Gaussian clusters), `'teacher'` (classes by a random network), data such as `loadDigits()` or
   * `loadFashionMnist()`, or a list. Default: both generators.
   */
  readonly data?: OneOrMore<DataSource<(typeof GENERATORS)[number], LabelledData>>;
  /** Training examples: an integer ≥ 2, or a range. Default `[128, 1000]` for generators, and all of data that are given. */
  readonly numExamples?: NumberRange;
  /** Of generators: an integer ≥ 1, or a range. Default `[4, 64]`. */
  readonly numFeatures?: NumberRange;
  /** Of generators: an integer ≥ 2, or a range. Default `[2, 10]`. */
  readonly numClasses?: NumberRange;
  /** By its name in `tf.losses`, or a list: softmaxCrossEntropy, or, on one-hot targets, sigmoidCrossEntropy and meanSquaredError. Default softmaxCrossEntropy. */
  readonly loss?: OneOrMore<(typeof LOSSES)[number]>;
}

/** Options as {@link sampleMlpClassification} takes them. */
export type MlpClassificationSettings = Complete<Omit<MlpClassificationOptions, 'numExamples'>> & {readonly numExamples: NumberRange | undefined};

/**
 * Dense networks that classify: data, depth, widths, activation, initialisation, loss and batch size are drawn for each task.
 * Batches are drawn with replacement.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'.
 * @example
 * const family = mlpClassificationFamily({data: ['clusters', loadDigits()], depth: [1, 2], batchSize: 64});
 */
export function mlpClassificationFamily(options: MlpClassificationOptions = {}): TaskFamily<ExampleBatch> {
  const settings = mlpClassificationSettings(options);
  return {name: 'mlp classification', sample: random => denseTask(sampleMlpClassification(random, settings))};
}

/** Checks the options and adds the defaults. @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'. */
export function mlpClassificationSettings(options: MlpClassificationOptions): MlpClassificationSettings {
  const check = new OptionCheck('mlpClassificationFamily', options, [...DENSE_OPTIONS, 'data', 'numExamples', 'numFeatures', 'numClasses', 'loss']);
  const {data = GENERATORS, numExamples, numFeatures = [4, 64], numClasses = [2, 10], loss = 'softmaxCrossEntropy'} = options;
  checkSources(check, data, GENERATORS, 'labels');
  if (numExamples !== undefined) check.range('numExamples', numExamples, {min: 2, integer: true});
  check.range('numFeatures', numFeatures, {min: 1, integer: true});
  check.range('numClasses', numClasses, {min: 2, integer: true});
  check.choice('loss', loss, LOSSES);
  return {...completeDenseOptions(check, options), data, numExamples, numFeatures, numClasses, loss};
}

/** Samples one problem. */
export function sampleMlpClassification(random: Random, settings: MlpClassificationSettings): DenseProblem {
  const data = sampleData(random, settings), {numFeatures, numClasses} = data.train;
  return sampleDenseProblem(random, settings, {
    data, sizes: [numFeatures, ...drawHidden(random, settings), numClasses], loss: drawChoice(random, settings.loss),
  });
}

function sampleData(random: Random, settings: MlpClassificationSettings): DataSplits<LabelledData> {
  const source = drawSource(random, settings.data);
  if (typeof source === 'object') return takeExamples(random, source, settings.numExamples);
  const size = {
    numExamples: drawInteger(random, settings.numExamples ?? [128, 1000]),
    numFeatures: drawInteger(random, settings.numFeatures),
  };
  const numClasses = drawInteger(random, settings.numClasses);
  return source === 'clusters' ? sampleClusters(random, size, numClasses) : sampleTeacherClasses(random, size, numClasses);
}
