import type {Random} from '../../random.js';
import type {LabelledData} from '../digits.js';
import type {TaskFamily} from '../task-family.js';
import {denseTask, sampleDenseProblem, type DenseProblem} from './shared/dense-task.js';
import {checkSources, drawSource, takeExamples, type DataSource} from './shared/given-data.js';
import {DENSE_OPTIONS, completeDenseOptions, drawHidden, type Complete, type DenseOptions} from './shared/network-options.js';
import {OptionCheck, drawChoice, drawInteger, type NumberRange, type OneOrMore} from './shared/option-check.js';
import type {DataSplits, ExampleBatch, TargetData} from './shared/supervised-task.js';
import {sampleManifold} from './shared/synthetic-data.js';

const GENERATORS = ['manifold'] as const;
const LOSSES = ['meanSquaredError', 'sigmoidCrossEntropy'] as const;

/** Options of {@link autoencoderFamily}. All are optional; ranges and lists are drawn from anew for each task. */
export interface AutoencoderOptions extends DenseOptions {
  /** `'manifold'` (points on a curved surface of 2 to 7 dimensions), data such as `loadDigits()`, or a list. Default `'manifold'`. */
  readonly data?: OneOrMore<DataSource<(typeof GENERATORS)[number], LabelledData>>;
  /** Training examples: an integer ≥ 2, or a range. Default `[128, 1000]` for the generator, and all of data that are given. */
  readonly numExamples?: NumberRange;
  /** Of the generator: an integer ≥ 1, or a range. Default `[8, 64]`. */
  readonly numFeatures?: NumberRange;
  /** Units of the code: an integer ≥ 1, or a range. Default `[2, 16]`. */
  readonly codeSize?: NumberRange;
  /** By its name in `tf.losses`, or a list: meanSquaredError, or sigmoidCrossEntropy for features from 0 to 1. Default meanSquaredError. */
  readonly loss?: OneOrMore<(typeof LOSSES)[number]>;
}

/** Options as {@link sampleAutoencoder} takes them. */
export type AutoencoderSettings = Complete<Omit<AutoencoderOptions, 'numExamples'>> & {readonly numExamples: NumberRange | undefined};

/**
 * Dense autoencoders: `depth` hidden layers (0 to 2 by default), the code, and the same layers back. Batches are drawn with
 * replacement.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'.
 * @example
 * const family = autoencoderFamily({data: loadDigits(), codeSize: 8, loss: 'sigmoidCrossEntropy'});
 */
export function autoencoderFamily(options: AutoencoderOptions = {}): TaskFamily<ExampleBatch> {
  const settings = autoencoderSettings(options);
  return {name: 'autoencoder', sample: random => denseTask(sampleAutoencoder(random, settings))};
}

/** Checks the options and adds the defaults. @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'. */
export function autoencoderSettings(options: AutoencoderOptions): AutoencoderSettings {
  const check = new OptionCheck('autoencoderFamily', options, [...DENSE_OPTIONS, 'data', 'numExamples', 'numFeatures', 'codeSize', 'loss']);
  const {data = GENERATORS, numExamples, numFeatures = [8, 64], codeSize = [2, 16], loss = 'meanSquaredError', depth = [0, 2]} = options;
  checkSources(check, data, GENERATORS, 'labels');
  if (numExamples !== undefined) check.range('numExamples', numExamples, {min: 2, integer: true});
  check.range('numFeatures', numFeatures, {min: 1, integer: true});
  check.range('codeSize', codeSize, {min: 1, integer: true});
  check.choice('loss', loss, LOSSES);
  if ([loss].flat().includes('sigmoidCrossEntropy')) {
    for (const source of [data].flat()) {
      if (typeof source === 'object' && ![source.train, source.validation].every(({features}) => features.every(x => x >= 0 && x <= 1))) {
        check.reject('data', 'features from 0 to 1 for the loss sigmoidCrossEntropy', 'others', 'Scale them, or use meanSquaredError.');
      }
    }
  }
  return {...completeDenseOptions(check, {...options, depth}), data, numExamples, numFeatures, codeSize, loss};
}

/** Samples one problem. */
export function sampleAutoencoder(random: Random, settings: AutoencoderSettings): DenseProblem {
  const data = sampleData(random, settings), {numFeatures} = data.train, hidden = drawHidden(random, settings);
  return sampleDenseProblem(random, settings, {
    data, sizes: [numFeatures, ...hidden, drawInteger(random, settings.codeSize), ...[...hidden].reverse(), numFeatures],
    loss: drawChoice(random, settings.loss),
  });
}

function sampleData(random: Random, settings: AutoencoderSettings): DataSplits<TargetData> {
  const source = drawSource(random, settings.data);
  if (typeof source === 'object') {
    const {train, validation} = takeExamples(random, source, settings.numExamples);
    return {train: withoutLabels(train), validation: withoutLabels(validation)};
  }
  return sampleManifold(random, {
    numExamples: drawInteger(random, settings.numExamples ?? [128, 1000]), numFeatures: drawInteger(random, settings.numFeatures),
  });
}

function withoutLabels({features, numExamples, numFeatures}: LabelledData): TargetData {
  return {features, targets: features, numExamples, numFeatures, numOutputs: numFeatures};
}
