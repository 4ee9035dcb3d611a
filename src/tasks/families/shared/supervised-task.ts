import * as tf from '@tensorflow/tfjs-core';
import type {LabelledData} from '../../digits.js';
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
  readonly batchSize: number;
  /** Seeds of the batches of each split; see {@link batchRows}. */
  readonly batchSeeds: Readonly<Record<Split, number>>;
}

/**
 * The task of a network on examples. It holds no tensors.
 *
 * @param predict The network's outputs `[batchSize, numOutputs]` (logits for cross-entropies) for features.
 * @param penalty Added to the loss; default none.
 */
export function supervisedTask(
  problem: SupervisedProblem,
  predict: (params: tf.NamedTensorMap, features: tf.Tensor2D) => tf.Tensor2D,
  penalty?: (params: tf.NamedTensorMap) => tf.Scalar,
): Task<ExampleBatch> {
  const {parameters, data, numOutputs, loss, batchSize, batchSeeds} = problem;
  const {train, validation} = data;
  return {
    init: () => toTensors(parameters),
    loss: (params, {features, targets}) => {
      const fit = supervisedLoss(loss, targets, predict(params, features));
      return penalty === undefined ? fit : tf.add<tf.Scalar>(fit, penalty(params));
    },
    *batches(split) {
      const part = data[split];
      for (let step = 0; ; step++) yield takeBatch(part, numOutputs, batchRows(batchSeeds[split], step, batchSize, part.numExamples));
    },
    ...('labels' in train && 'labels' in validation && {
      relabel: change => supervisedTask({
        ...problem,
        data: {train: relabelled(train, 'train', change), validation: relabelled(validation, 'validation', change)},
      }, predict, penalty),
    } satisfies Pick<Required<Task<ExampleBatch>>, 'relabel'>),
  };
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
