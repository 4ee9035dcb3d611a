import * as tf from '@tensorflow/tfjs-core';
import type {LabelledData} from '../../digits.js';
import type {Activation, TaskKind} from '../../../rollout/engine-layout.js';
import {withCompiledForm, type CompiledProblem, type CompiledSplit} from '../../compiled-problem.js';
import type {Split, Task} from '../../task-family.js';
import {batchRows} from './minibatches.js';
import {toTensors, type InitialParameter} from './parameters.js';

/** Examples with numbers to predict, row by row. */
export interface TargetData {
  /** Features, row-major `[numExamples, numFeatures]`. */
  readonly features: Float32Array;
  /** What to predict, row-major `[numExamples, numOutputs]`. */
  readonly targets: Float32Array;
  readonly numExamples: number;
  readonly numFeatures: number;
  readonly numOutputs: number;
}

/** Data kept apart: no example of one part is in the other. */
export interface DataSplits<D> {
  readonly train: D;
  readonly validation: D;
}

/** Losses by their names in `tf.losses`: the mean over batch and outputs, or over the batch for `softmaxCrossEntropy`. */
export const SUPERVISED_LOSSES = [
  'softmaxCrossEntropy', 'sigmoidCrossEntropy', 'meanSquaredError', 'huberLoss', 'absoluteDifference',
] as const;
export type SupervisedLoss = (typeof SUPERVISED_LOSSES)[number];

/** One batch; the caller disposes both. */
export interface ExampleBatch {
  /** `[batchSize, numFeatures]`. */
  readonly features: tf.Tensor2D;
  /** `[batchSize, outputs]`: one-hot classes, the class itself where there is one output, or the numbers to predict. */
  readonly targets: tf.Tensor2D;
}

/** All of a supervised task but its network, on the host: another engine can run the very same. */
export interface SupervisedProblem {
  readonly parameters: readonly InitialParameter[];
  readonly data: DataSplits<LabelledData | TargetData>;
  readonly numOutputs: number;
  readonly loss: SupervisedLoss;
  /** Examples of a batch, drawn with replacement; `'full'`: all examples of the split, in order. */
  readonly batchSize: number | 'full';
  /** Seeds of the batches of each split; see {@link batchRows}. */
  readonly batchSeeds: Readonly<Record<Split, number>>;
}

/** A network as the compiled engine knows it. */
export interface NetworkForm {
  /** Default dense. */
  readonly kind?: TaskKind & ('dense' | 'conv' | 'recurrent' | 'program');
  /** Of a dense network: inputs, hidden layers, outputs. `kernel/conv.h`, `recurrent.h` and `program.h` say what the others have here. */
  readonly sizes: readonly number[];
  /** Default relu. */
  readonly activation?: Activation;
  /** Weight of ½‖kernels‖². Default 0. */
  readonly strength?: number;
}

/**
 * The task of a network on examples. It holds no tensors.
 *
 * @param predict The network's outputs `[batchSize, numOutputs]` (logits for cross-entropies) for features.
 * @param penalty Added to the loss; default none.
 * @param form What network and penalty are, where the compiled engine has their like: then it can run the task.
 */
export function supervisedTask(
  problem: SupervisedProblem,
  predict: (params: tf.NamedTensorMap, features: tf.Tensor2D) => tf.Tensor2D,
  penalty?: (params: tf.NamedTensorMap) => tf.Scalar,
  form?: NetworkForm,
): Task<ExampleBatch> {
  const {parameters, data, numOutputs, loss, batchSize, batchSeeds} = problem;
  const {train, validation} = data;
  const task: Task<ExampleBatch> = {
    init: () => toTensors(parameters),
    loss: (params, {features, targets}) => {
      const fit = supervisedLoss(loss, targets, predict(params, features));
      return penalty === undefined ? fit : tf.add<tf.Scalar>(fit, penalty(params));
    },
    *batches(split) {
      const part = data[split], {numExamples} = part;
      for (let step = 0; ; step++) {
        const rows = batchSize === 'full' ? Int32Array.from({length: numExamples}, (_, i) => i) : batchRows(batchSeeds[split], step, batchSize, numExamples);
        yield takeBatch(part, numOutputs, rows);
      }
    },
    ...('labels' in train && 'labels' in validation && {
      accuracy: (params, {features, targets}) => shareOfRight(targets, predict(params, features)),
      relabel: change => supervisedTask({
        ...problem,
        data: {train: relabelled(train, 'train', change), validation: relabelled(validation, 'validation', change)},
      }, predict, penalty, form),
    } satisfies Pick<Required<Task<ExampleBatch>>, 'accuracy' | 'relabel'>),
  };
  return form === undefined ? task : withCompiledForm(task, () => compiledNetwork(problem, form));
}

function compiledNetwork(
  {parameters, data, loss, batchSize, batchSeeds, numOutputs}: SupervisedProblem, {kind = 'dense', sizes, activation, strength = 0}: NetworkForm,
): CompiledProblem {
  const split = (name: Split): CompiledSplit => {
    const part = data[name], {features, numExamples} = part;
    const answers = 'labels' in part && loss === 'softmaxCrossEntropy' ? part.labels : targetsOf(part, numOutputs);
    return {inputs: features, answers, numExamples, seed: batchSeeds[name], ...(batchSize === 'full' ? {batchSize: numExamples, inOrder: true} : {batchSize})};
  };
  return {
    kind, parameters, sizes, ...(activation !== undefined && {activation}), loss, strength, classes: 'labels' in data.train,
    splits: {train: split('train'), validation: split('validation')},
  };
}

/** What each example's outputs shall be, row-major: one-hot where there are classes, the class itself where there is one output. */
function targetsOf(data: LabelledData | TargetData, numOutputs: number): Float32Array {
  if ('targets' in data) return data.targets;
  const {labels} = data, targets = new Float32Array(labels.length * numOutputs);
  labels.forEach((label, i) => {
    if (numOutputs === 1) targets[i] = label;
    else targets[i * numOutputs + label] = 1;
  });
  return targets;
}

function supervisedLoss(loss: SupervisedLoss, targets: tf.Tensor2D, outputs: tf.Tensor2D): tf.Scalar {
  switch (loss) {
    case 'softmaxCrossEntropy': return tf.losses.softmaxCrossEntropy(targets, outputs);
    case 'sigmoidCrossEntropy': return tf.losses.sigmoidCrossEntropy(targets, outputs);
    case 'meanSquaredError': return tf.losses.meanSquaredError(targets, outputs);
    case 'huberLoss': return tf.losses.huberLoss(targets, outputs);
    case 'absoluteDifference': return tf.losses.absoluteDifference(targets, outputs);
  }
}

/** The class of an example is its largest output; one output alone is a logit of class 1. */
function shareOfRight(targets: tf.Tensor2D, outputs: tf.Tensor2D): tf.Scalar {
  const classes = (of: tf.Tensor2D, threshold: number): tf.Tensor => (of.shape[1] === 1 ? tf.greater(of, threshold) : tf.argMax(of, 1));
  return tf.mean<tf.Scalar>(tf.cast(tf.equal(classes(targets, 0.5), classes(outputs, 0)), 'float32'));
}

function takeBatch(data: LabelledData | TargetData, numOutputs: number, rows: Int32Array): ExampleBatch {
  const {numFeatures} = data, features = new Float32Array(rows.length * numFeatures), targets = new Float32Array(rows.length * numOutputs);
  rows.forEach((row, i) => {
    features.set(data.features.subarray(row * numFeatures, (row + 1) * numFeatures), i * numFeatures);
    if ('targets' in data) targets.set(data.targets.subarray(row * numOutputs, (row + 1) * numOutputs), i * numOutputs);
    else if (numOutputs === 1) targets[i] = data.labels[row]!;
    else targets[i * numOutputs + data.labels[row]!] = 1;
  });
  return {
    features: tf.tensor2d(features, [rows.length, numFeatures]), // [batch, features]
    targets: tf.tensor2d(targets, [rows.length, numOutputs]), // [batch, outputs]
  };
}

function relabelled(data: LabelledData, split: Split, change: (label: number, numClasses: number, split: Split) => number): LabelledData {
  return {...data, labels: data.labels.map(label => change(label, data.numClasses, split))};
}
