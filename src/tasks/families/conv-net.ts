import * as tf from '@tensorflow/tfjs-core';
import {L2OError} from '../../errors.js';
import type {Random} from '../../random.js';
import {DOWNSAMPLINGS, HEADS, type Activation, type Downsampling, type Head} from '../../rollout/engine-layout.js';
import type {LabelledData} from '../digits.js';
import type {Task, TaskFamily} from '../task-family.js';
import {activate} from './shared/dense-network.js';
import {checkSources, drawSource, takeExamples, type DataSource} from './shared/given-data.js';
import {NETWORK_OPTIONS, completeNetworkOptions, drawNetwork, type Complete, type NetworkOptions} from './shared/network-options.js';
import {OptionCheck, drawChoice, drawInteger, type NumberRange, type OneOrMore} from './shared/option-check.js';
import {kernel, zeros, type InitialParameter} from './shared/parameters.js';
import {supervisedTask, type DataSplits, type ExampleBatch, type SupervisedProblem} from './shared/supervised-task.js';
import {samplePatterns} from './shared/synthetic-data.js';

const GENERATORS = ['patterns'] as const;

/** Options of {@link convNetFamily}. All are optional; ranges and lists are drawn from anew for each task. */
export interface ConvNetOptions extends NetworkOptions {
  /** `'patterns'` (smooth random patterns), square images of one channel such as `loadDigits()`, or a list. Default `'patterns'`. */
  readonly data?: OneOrMore<DataSource<(typeof GENERATORS)[number], LabelledData>>;
  /** Training examples: an integer ≥ 2, or a range. Default `[128, 512]` for the generator, and all of data that are given. */
  readonly numExamples?: NumberRange;
  /** Height and width of the generator's images: an integer ≥ 4, or a range. Default 8. */
  readonly side?: NumberRange;
  /** Of the generator: an integer ≥ 2, or a range. Default `[2, 10]`. */
  readonly numClasses?: NumberRange;
  /** Number of convolutions of 3×3, each of which halves the image: 1 or 2, or a range. Default `[1, 2]`. */
  readonly depth?: NumberRange;
  /** Channels of each convolution: an integer ≥ 1, or a range. Default `[4, 16]`. */
  readonly channels?: NumberRange;
  /** How each convolution halves the image, or a list: stride, maxPool, averagePool. Default: all of them. */
  readonly downsampling?: OneOrMore<Downsampling>;
  /** What the last dense layer reads, or a list: flatten, globalAverage. Default: both. */
  readonly head?: OneOrMore<Head>;
}

/** One convolutional network on data: plain numbers. Parameters `kernel0` `[3, 3, in, out]`, `bias0`, …, `denseKernel`, `denseBias`. */
export interface ConvNetProblem extends SupervisedProblem {
  readonly side: number;
  readonly depth: number;
  readonly activation: Activation;
  readonly downsampling: Downsampling;
  readonly head: Head;
}

/** Options as {@link sampleConvNet} takes them. */
export type ConvNetSettings = Complete<Omit<ConvNetOptions, 'numExamples'>> & {readonly numExamples: NumberRange | undefined};

/**
 * Small convolutional classifiers with softmax cross-entropy. Batches (8 to 64 by default) are drawn with replacement. Outside of the
 * compiled engine, TF.js's wasm backend has no gradient of convolutions of its own: call `registerWasmTrainingKernels()` first.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'; from a task's loss, 'UNSUPPORTED_BACKEND' where convolutions cannot be trained.
 * @example
 * const family = convNetFamily({data: loadDigits(), channels: 8, activation: 'relu'});
 */
export function convNetFamily(options: ConvNetOptions = {}): TaskFamily<ExampleBatch> {
  const settings = convNetSettings(options);
  return {name: 'conv net', sample: random => convNetTask(sampleConvNet(random, settings))};
}

/** The task of a problem. */
export function convNetTask(problem: ConvNetProblem): Task<ExampleBatch> {
  const {side, downsampling, head, activation, parameters} = problem, outputs = parameters.filter(({shape}) => shape.length === 1).map(({shape}) => shape[0]!);
  return supervisedTask(problem, (params, features) => forward(problem, params, features), undefined, {
    kind: 'conv', activation, sizes: [side, DOWNSAMPLINGS.indexOf(downsampling), HEADS.indexOf(head), ...outputs],
  });
}

/** Checks the options and adds the defaults. @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'. */
export function convNetSettings(options: ConvNetOptions): ConvNetSettings {
  const check = new OptionCheck('convNetFamily', options,
    [...NETWORK_OPTIONS, 'data', 'numExamples', 'side', 'numClasses', 'depth', 'channels', 'downsampling', 'head']);
  const {
    data = GENERATORS, numExamples, side = 8, numClasses = [2, 10], depth = [1, 2], channels = [4, 16],
    downsampling = DOWNSAMPLINGS, head = HEADS, batchSize = [8, 64],
  } = options;
  checkSources(check, data, GENERATORS, 'labels');
  for (const source of [data].flat()) {
    if (typeof source === 'object' && (!Number.isInteger(Math.sqrt(source.train.numFeatures)) || source.train.numFeatures < 16)) {
      check.reject('data', 'square images of one channel, 4×4 or larger', `${source.train.numFeatures} features`, 'Crop or pad them to a square.');
    }
  }
  if (numExamples !== undefined) check.range('numExamples', numExamples, {min: 2, integer: true});
  check.range('side', side, {min: 4, integer: true});
  check.range('numClasses', numClasses, {min: 2, integer: true});
  check.range('depth', depth, {min: 1, max: 2, integer: true});
  check.range('channels', channels, {min: 1, integer: true});
  check.choice('downsampling', downsampling, DOWNSAMPLINGS);
  check.choice('head', head, HEADS);
  return {...completeNetworkOptions(check, {...options, batchSize}), data, numExamples, side, numClasses, depth, channels, downsampling, head};
}

/** Samples one problem. */
export function sampleConvNet(random: Random, settings: ConvNetSettings): ConvNetProblem {
  const data = sampleData(random, settings), {numFeatures, numClasses} = data.train, side = Math.sqrt(numFeatures);
  const {activation, initialization, batchSize} = drawNetwork(random, settings);
  const depth = drawInteger(random, settings.depth), head = drawChoice(random, settings.head);
  const downsampling = drawChoice(random, settings.downsampling), parameters: InitialParameter[] = [];
  let channels = 1, size = side;
  for (let layer = 0; layer < depth; layer++) {
    const outputs = drawInteger(random, settings.channels);
    parameters.push(kernel(random, initialization, `kernel${layer}`, [3, 3, channels, outputs]), zeros(`bias${layer}`, [outputs]));
    channels = outputs;
    size = Math.ceil(size / 2);
  }
  const denseInputs = head === 'flatten' ? size * size * channels : channels;
  parameters.push(kernel(random, initialization, 'denseKernel', [denseInputs, numClasses]), zeros('denseBias', [numClasses]));
  return {
    data, side, depth, activation, downsampling, head, batchSize, parameters, numOutputs: numClasses,
    loss: 'softmaxCrossEntropy', batchSeeds: {train: random.next(), validation: random.next()},
  };
}

function sampleData(random: Random, settings: ConvNetSettings): DataSplits<LabelledData> {
  const source = drawSource(random, settings.data);
  if (typeof source === 'object') return takeExamples(random, source, settings.numExamples);
  return samplePatterns(random, drawInteger(random, settings.numExamples ?? [128, 512]), drawInteger(random, settings.side),
    drawInteger(random, settings.numClasses));
}

function forward({side, depth, activation, downsampling, head}: ConvNetProblem, params: tf.NamedTensorMap, features: tf.Tensor2D): tf.Tensor2D {
  checkBackend();
  let x = tf.reshape<tf.Rank.R4>(features, [-1, side, side, 1]); // [batch, side, side, 1]
  for (let layer = 0; layer < depth; layer++) {
    x = tf.conv2d(x, params[`kernel${layer}`] as tf.Tensor4D, downsampling === 'stride' ? 2 : 1, 'same');
    x = activate(activation, tf.add(x, params[`bias${layer}`]!));
    if (downsampling === 'maxPool') x = tf.maxPool(x, 2, 2, 'same');
    if (downsampling === 'averagePool') x = averagePool(x);
  }
  const read = head === 'globalAverage' ? tf.mean<tf.Tensor2D>(x, [1, 2]) : tf.reshape<tf.Rank.R2>(x, [x.shape[0], -1]); // [batch, inputs]
  return tf.add(tf.matMul(read, params.denseKernel as tf.Tensor2D), params.denseBias!); // [batch, classes]
}

/** Means of 2×2 pixels. Where `avgPool` pads, TF.js has a wrong gradient: odd sides are made even by pixels that change no mean. */
function averagePool(x: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  let even = x;
  if (height % 2 === 1) even = tf.concat([even, tf.slice(even, [0, height - 1, 0, 0], [batch, 1, width, channels])], 1);
  if (width % 2 === 1) even = tf.concat([even, tf.slice(even, [0, 0, width - 1, 0], [batch, even.shape[1], 1, channels])], 2);
  return tf.avgPool(even, 2, 2, 'valid');
}

function checkBackend(): void {
  const backend = tf.getBackend();
  if ((tf.getKernel('Conv2DBackpropFilter', backend) as tf.KernelConfig | undefined) !== undefined) return;
  throw new L2OError('UNSUPPORTED_BACKEND', `convNetFamily: expected a backend that can train convolutions, got ${backend}, ` +
    'which lacks Conv2DBackpropFilter. Call registerWasmTrainingKernels() on wasm, or use another backend.');
}
