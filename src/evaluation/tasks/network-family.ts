import type * as tf from '@tensorflow/tfjs-core';
import type {Random} from '../../random.js';
import type {LabelledData} from '../../tasks/digits.js';
import type {InitialParameter} from '../../tasks/families/shared/parameters.js';
import {
  supervisedTask, type DataSplits, type ExampleBatch, type NetworkForm, type SupervisedLoss, type TargetData,
} from '../../tasks/families/shared/supervised-task.js';
import type {TaskFamily} from '../../tasks/task-family.js';

/** Examples with classes or numbers to predict. */
export type Examples = LabelledData | TargetData;

/** A network with its initial parameters. */
export interface Network {
  readonly parameters: readonly InitialParameter[];
  /** Outputs `[batch, numOutputs]`, logits where the loss is a cross-entropy, for features `[batch, numFeatures]`. */
  readonly predict: (params: tf.NamedTensorMap, features: tf.Tensor2D) => tf.Tensor2D;
  /** The same for the compiled engine. */
  readonly form: NetworkForm;
}

/** Draws a network's initial parameters. Its settings are fixed: two seeds differ as two runs of one user do. */
export type NetworkMaker = (random: Random, numFeatures: number, numOutputs: number) => Network;

/** What {@link networkFamily} takes. */
export interface NetworkFamilyOptions {
  readonly name: string;
  /** Data, or what makes them anew for each task. */
  readonly data: DataSplits<Examples> | ((random: Random) => DataSplits<Examples>);
  readonly network: NetworkMaker;
  readonly loss: SupervisedLoss;
  /** Examples in a batch, drawn with replacement; `'full'`: all of them, in order. */
  readonly batchSize: number | 'full';
}

/** Tasks of one network on one kind of data: for networks that no built-in family has. */
export function networkFamily({name, data, network, loss, batchSize}: NetworkFamilyOptions): TaskFamily<ExampleBatch> {
  return {
    name,
    sample: random => {
      const splits = typeof data === 'function' ? data(random.fork('data')) : data, {train} = splits;
      const numOutputs = 'labels' in train ? train.numClasses : train.numOutputs;
      const {parameters, predict, form} = network(random, train.numFeatures, numOutputs);
      const batchSeeds = {train: random.next(), validation: random.next()};
      return supervisedTask({parameters, data: splits, numOutputs, loss, batchSize, batchSeeds}, predict, undefined, form);
    },
  };
}
