import * as tf from '@tensorflow/tfjs-core';
import type {Random} from '../../random.js';
import {CELLS, type CellKind} from '../../rollout/engine-layout.js';
import type {LabelledData} from '../digits.js';
import type {Task, TaskFamily} from '../task-family.js';
import {checkSources, drawSource, takeExamples, type DataSource} from './shared/given-data.js';
import {OptionCheck, drawChoice, drawInteger, type NumberRange, type OneOrMore} from './shared/option-check.js';
import {INITIALIZATIONS, kernel, orthogonalBlocks, zeros, type InitialParameter, type Initialization} from './shared/parameters.js';
import {NUM_BLOCKS, runCell} from './shared/recurrent-cell.js';
import {supervisedTask, type DataSplits, type ExampleBatch, type SupervisedProblem} from './shared/supervised-task.js';
import {sampleSines} from './shared/synthetic-data.js';
import type {Complete} from './shared/network-options.js';

const GENERATORS = ['sines'] as const;

/** Options of {@link recurrentNetFamily}. All are optional; ranges and lists are drawn from anew for each task. */
export interface RecurrentNetOptions {
  /** `'sines'` (noisy sines; the class is the frequency), square images read row by row such as `loadDigits()`, or a list. Default `'sines'`. */
  readonly data?: OneOrMore<DataSource<(typeof GENERATORS)[number], LabelledData>>;
  /** Training sequences: an integer ≥ 2, or a range. Default `[128, 512]` for the generator, and all of data that are given. */
  readonly numExamples?: NumberRange;
  /** Steps of the generator's sequences: an integer ≥ 2, or a range. Default `[4, 16]`. */
  readonly sequenceLength?: NumberRange;
  /** Of the generator: an integer ≥ 2, or a range. Default `[2, 5]`. */
  readonly numClasses?: NumberRange;
  /** Or a list: simple (tanh), gru, lstm. Default: all of them. */
  readonly cell?: OneOrMore<CellKind>;
  /** An integer ≥ 1, or a range. Default `[8, 32]`. */
  readonly units?: NumberRange;
  /** Of input and output kernels, or a list: glorotUniform, heNormal, lecunNormal. Default: all of them. */
  readonly initialization?: OneOrMore<Initialization>;
  /** An integer ≥ 1, or a range. Default `[8, 64]`. */
  readonly batchSize?: NumberRange;
}

/**
 * One recurrent network on data: plain numbers. Parameters `inputKernel` `[features, units · blocks]`, `recurrentKernel`
 * `[units, units · blocks]`, `bias`, `outputKernel` `[units, classes]`, `outputBias`.
 */
export interface RecurrentNetProblem extends SupervisedProblem {
  readonly cell: CellKind;
  readonly units: number;
  /** The features of an example are `[numSteps, featuresPerStep]`. */
  readonly numSteps: number;
  readonly featuresPerStep: number;
}

/** Options as {@link sampleRecurrentNet} takes them. */
export type RecurrentNetSettings = Complete<Omit<RecurrentNetOptions, 'numExamples'>> & {readonly numExamples: NumberRange | undefined};

/**
 * Recurrent classifiers of sequences: one cell, whose last state a dense layer reads; softmax cross-entropy. Recurrent kernels
 * start orthogonal, biases at 0, and the LSTM's forget gate at 1. Batches are drawn with replacement.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'.
 * @example
 * const family = recurrentNetFamily({cell: ['gru', 'lstm'], data: ['sines', loadDigits()]});
 */
export function recurrentNetFamily(options: RecurrentNetOptions = {}): TaskFamily<ExampleBatch> {
  const settings = recurrentNetSettings(options);
  return {name: 'recurrent net', sample: random => recurrentNetTask(sampleRecurrentNet(random, settings))};
}

/** The task of a problem. */
export function recurrentNetTask(problem: RecurrentNetProblem): Task<ExampleBatch> {
  const {cell, numSteps, featuresPerStep, units, numOutputs} = problem;
  return supervisedTask(problem, (params, features) => forward(problem, params, features), undefined, {
    kind: 'recurrent', sizes: [CELLS.indexOf(cell), numSteps, featuresPerStep, units, numOutputs],
  });
}

/** Checks the options and adds the defaults. @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'. */
export function recurrentNetSettings(options: RecurrentNetOptions): RecurrentNetSettings {
  const check = new OptionCheck('recurrentNetFamily', options,
    ['data', 'numExamples', 'sequenceLength', 'numClasses', 'cell', 'units', 'initialization', 'batchSize']);
  const {
    data = GENERATORS, numExamples, sequenceLength = [4, 16], numClasses = [2, 5], cell = CELLS, units = [8, 32],
    initialization = INITIALIZATIONS, batchSize = [8, 64],
  } = options;
  checkSources(check, data, GENERATORS, 'labels');
  for (const source of [data].flat()) {
    if (typeof source === 'object' && !Number.isInteger(Math.sqrt(source.train.numFeatures))) {
      check.reject('data', 'square images of one channel', `${source.train.numFeatures} features`, 'They are read row by row: crop or pad them to a square.');
    }
  }
  if (numExamples !== undefined) check.range('numExamples', numExamples, {min: 2, integer: true});
  check.range('sequenceLength', sequenceLength, {min: 2, integer: true});
  check.range('numClasses', numClasses, {min: 2, integer: true});
  check.choice('cell', cell, CELLS);
  check.range('units', units, {min: 1, integer: true});
  check.choice('initialization', initialization, INITIALIZATIONS);
  check.range('batchSize', batchSize, {min: 1, integer: true});
  return {data, numExamples, sequenceLength, numClasses, cell, units, initialization, batchSize};
}

/** Samples one problem. */
export function sampleRecurrentNet(random: Random, settings: RecurrentNetSettings): RecurrentNetProblem {
  const source = drawSource(random, settings.data), data = sampleData(random, source, settings);
  const {numFeatures, numClasses} = data.train;
  const numSteps = typeof source === 'string' ? numFeatures : Math.sqrt(numFeatures), featuresPerStep = numFeatures / numSteps;
  const cell = drawChoice(random, settings.cell), units = drawInteger(random, settings.units), blocks = NUM_BLOCKS[cell];
  const initialization = drawChoice(random, settings.initialization), bias = zeros('bias', [units * blocks]);
  // The forget gate is the LSTM's second block.
  if (cell === 'lstm') bias.values.fill(1, units, 2 * units);
  const parameters: InitialParameter[] = [
    kernel(random, initialization, 'inputKernel', [featuresPerStep, units * blocks]),
    orthogonalBlocks(random, 'recurrentKernel', units, blocks),
    bias,
    kernel(random, initialization, 'outputKernel', [units, numClasses]),
    zeros('outputBias', [numClasses]),
  ];
  return {
    data, cell, units, numSteps, featuresPerStep, parameters, numOutputs: numClasses, loss: 'softmaxCrossEntropy',
    batchSize: drawInteger(random, settings.batchSize), batchSeeds: {train: random.next(), validation: random.next()},
  };
}

function sampleData(
  random: Random, source: DataSource<(typeof GENERATORS)[number], LabelledData>, settings: RecurrentNetSettings,
): DataSplits<LabelledData> {
  if (typeof source === 'object') return takeExamples(random, source, settings.numExamples);
  return sampleSines(random, drawInteger(random, settings.numExamples ?? [128, 512]), drawInteger(random, settings.sequenceLength),
    drawInteger(random, settings.numClasses));
}

function forward(
  {cell, units, numSteps, featuresPerStep}: RecurrentNetProblem, params: tf.NamedTensorMap, features: tf.Tensor2D,
): tf.Tensor2D {
  const sequence = tf.reshape<tf.Rank.R3>(features, [-1, numSteps, featuresPerStep]); // [batch, steps, features]
  const last = runCell(cell, units, params, sequence); // [batch, units]
  return tf.add(tf.matMul(last, params.outputKernel as tf.Tensor2D), params.outputBias!); // [batch, classes]
}
