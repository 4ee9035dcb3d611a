import type {Random} from '../../random.js';
import type {TaskFamily} from '../task-family.js';
import {denseTask, sampleDenseProblem, type DenseProblem} from './shared/dense-task.js';
import {checkSources, drawSource, type DataSource} from './shared/given-data.js';
import {DENSE_OPTIONS, completeDenseOptions, drawHidden, type Complete, type DenseOptions} from './shared/network-options.js';
import {OptionCheck, drawChoice, drawInteger, type NumberRange, type OneOrMore} from './shared/option-check.js';
import type {ExampleBatch, TargetData} from './shared/supervised-task.js';
import {sampleTeacherOutputs} from './shared/synthetic-data.js';

const GENERATORS = ['teacher'] as const;
const LOSSES = ['meanSquaredError', 'huberLoss', 'absoluteDifference'] as const;

/** Options of {@link mlpRegressionFamily}. All are optional; ranges and lists are drawn from anew for each task. */
export interface MlpRegressionOptions extends DenseOptions {
  /** `'teacher'` (outputs of a random network), data `{train, validation}` with targets, or a list. Default `'teacher'`. */
  readonly data?: OneOrMore<DataSource<(typeof GENERATORS)[number], TargetData>>;
  /** Training examples of the teacher, and as many for validation: an integer ≥ 2, or a range. Default `[128, 1000]`. */
  readonly numExamples?: NumberRange;
  /** Of the teacher: an integer ≥ 1, or a range. Default `[4, 64]`. */
  readonly numFeatures?: NumberRange;
  /** Of the teacher: an integer ≥ 1, or a range. Default `[1, 4]`. */
  readonly numOutputs?: NumberRange;
  /** Deviation of the noise on the teacher's outputs, whose own is about 1; ≥ 0. Default 0.1. */
  readonly noise?: number;
  /** By its name in `tf.losses`, or a list: meanSquaredError, huberLoss, absoluteDifference. Default meanSquaredError. */
  readonly loss?: OneOrMore<(typeof LOSSES)[number]>;
}

/**
 * Dense networks that predict numbers: shape, activation, initialisation, loss and batch size are drawn for each task.
 * Batches are drawn with replacement.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'.
 * @example
 * const family = mlpRegressionFamily({numOutputs: 1, loss: ['meanSquaredError', 'huberLoss']});
 */
export function mlpRegressionFamily(options: MlpRegressionOptions = {}): TaskFamily<ExampleBatch> {
  const settings = mlpRegressionSettings(options);
  return {name: 'mlp regression', sample: random => denseTask(sampleMlpRegression(random, settings))};
}

/** Checks the options and adds the defaults. @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'. */
export function mlpRegressionSettings(options: MlpRegressionOptions): Complete<MlpRegressionOptions> {
  const check = new OptionCheck('mlpRegressionFamily', options,
    [...DENSE_OPTIONS, 'data', 'numExamples', 'numFeatures', 'numOutputs', 'noise', 'loss']);
  const {data = GENERATORS, numExamples = [128, 1000], numFeatures = [4, 64], numOutputs = [1, 4], noise = 0.1, loss = 'meanSquaredError'} = options;
  checkSources(check, data, GENERATORS, 'targets');
  check.range('numExamples', numExamples, {min: 2, integer: true});
  check.range('numFeatures', numFeatures, {min: 1, integer: true});
  check.range('numOutputs', numOutputs, {min: 1, integer: true});
  check.number('noise', noise, {min: 0});
  check.choice('loss', loss, LOSSES);
  return {...completeDenseOptions(check, options), data, numExamples, numFeatures, numOutputs, noise, loss};
}

/** Samples one problem. */
export function sampleMlpRegression(random: Random, settings: Complete<MlpRegressionOptions>): DenseProblem {
  const source = drawSource(random, settings.data);
  const data = typeof source === 'object' ? source : sampleTeacherOutputs(random, {
    numExamples: drawInteger(random, settings.numExamples), numFeatures: drawInteger(random, settings.numFeatures),
  }, drawInteger(random, settings.numOutputs), settings.noise);
  return sampleDenseProblem(random, settings, {
    data, sizes: [data.train.numFeatures, ...drawHidden(random, settings), data.train.numOutputs], loss: drawChoice(random, settings.loss),
  });
}
