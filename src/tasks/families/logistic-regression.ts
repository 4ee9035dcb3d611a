import * as tf from '@tensorflow/tfjs-core';
import type {Random} from '../../random.js';
import type {LabelledData} from '../digits.js';
import type {TaskFamily} from '../task-family.js';
import {denseForward} from './shared/dense-network.js';
import {multiply, randomOrthogonal, randomSpectrum} from './shared/linear-algebra.js';
import {OptionCheck, drawInteger, drawNumber, type NumberRange} from './shared/option-check.js';
import {zeros} from './shared/parameters.js';
import {supervisedTask, type DataSplits, type ExampleBatch, type SupervisedProblem} from './shared/supervised-task.js';

/** Options of {@link logisticRegressionFamily}. All are optional; a range is drawn from anew for each task. */
export interface LogisticRegressionOptions {
  /** Training examples, and as many for validation: an integer ≥ 2, or a range. Default `[100, 1000]`. */
  readonly numExamples?: NumberRange;
  /** An integer ≥ 1, or a range. Default `[2, 50]`. */
  readonly numFeatures?: NumberRange;
  /** Largest over smallest eigenvalue of the features' covariance, ≥ 1, or a range. Default `[1, 100]`. */
  readonly conditionNumber?: NumberRange;
  /** Deviation of the true logits, > 0, or a range: small for classes that overlap, large for classes apart. Default `[1, 10]`. */
  readonly separation?: NumberRange;
  /** Weight of ½‖kernel‖², ≥ 0. Default 1e-4. */
  readonly l2?: number;
  /** An integer ≥ 1, or a range. Default `[8, 64]`. */
  readonly batchSize?: NumberRange;
}

/** One logistic regression: plain numbers. Parameters `kernel0` `[features, 1]` and `bias0` `[1]`. */
export interface LogisticRegressionProblem extends SupervisedProblem {
  readonly l2: number;
}

/**
 * Logistic regression of two classes on Gaussian features: the mean sigmoid cross-entropy plus ½ l2 ‖kernel‖², from kernel
 * and bias 0. Labels are drawn by the true logits. Batches are drawn with replacement.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'.
 * @example
 * const family = logisticRegressionFamily({numFeatures: 20, conditionNumber: 100});
 */
export function logisticRegressionFamily(options: LogisticRegressionOptions = {}): TaskFamily<ExampleBatch> {
  const check = new OptionCheck('logisticRegressionFamily', options,
    ['numExamples', 'numFeatures', 'conditionNumber', 'separation', 'l2', 'batchSize']);
  const {numExamples = [100, 1000], numFeatures = [2, 50], conditionNumber = [1, 100], separation = [1, 10], l2 = 1e-4, batchSize = [8, 64]} = options;
  check.range('numExamples', numExamples, {min: 2, integer: true});
  check.range('numFeatures', numFeatures, {min: 1, integer: true});
  check.range('conditionNumber', conditionNumber, {min: 1});
  check.range('separation', separation, {min: 0, above: true});
  check.number('l2', l2, {min: 0});
  check.range('batchSize', batchSize, {min: 1, integer: true});
  return {
    name: 'logistic regression',
    sample: random => {
      const problem = sampleLogisticRegression(random, {numExamples, numFeatures, conditionNumber, separation, l2, batchSize});
      return supervisedTask(problem, (params, features) => denseForward(params, 1, 'relu', features), // [batch, 1]
        problem.l2 === 0 ? undefined : ({kernel0}) => tf.mul(problem.l2 / 2, tf.sum(tf.square(kernel0!))),
        {sizes: [problem.data.train.numFeatures, 1], activation: 'relu', strength: problem.l2});
    },
  };
}

/** Samples one problem. */
export function sampleLogisticRegression(random: Random, options: Required<LogisticRegressionOptions>): LogisticRegressionProblem {
  const numExamples = drawInteger(random, options.numExamples), numFeatures = drawInteger(random, options.numFeatures);
  const spectrum = randomSpectrum(random, numFeatures, 1, drawNumber(random, options.conditionNumber));
  const mixing = randomOrthogonal(random, numFeatures).map((q, i) => q * Math.sqrt(spectrum[Math.floor(i / numFeatures)]!)); // [features, features]
  const direction = random.normals(numFeatures), bias = 0.5 * random.normal();
  const logitWeights = multiply(mixing, direction, numFeatures, numFeatures, 1);
  const gain = drawNumber(random, options.separation) / Math.hypot(...logitWeights);
  const examples = (): LabelledData => {
    const features = multiply(random.normals(numExamples * numFeatures), mixing, numExamples, numFeatures, numFeatures);
    const labels = Int32Array.from(multiply(features, direction, numExamples, numFeatures, 1),
      logit => Number(random.chance(1 / (1 + Math.exp(-gain * logit - bias)))));
    return {features, labels, numExamples, numFeatures, numClasses: 2};
  };
  const data: DataSplits<LabelledData> = {train: examples(), validation: examples()};
  return {
    parameters: [zeros('kernel0', [numFeatures, 1]), zeros('bias0', [1])],
    data, numOutputs: 1, loss: 'sigmoidCrossEntropy', l2: options.l2,
    batchSize: drawInteger(random, options.batchSize), batchSeeds: {train: random.next(), validation: random.next()},
  };
}
