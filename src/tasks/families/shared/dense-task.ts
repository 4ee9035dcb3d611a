import type {Random} from '../../../random.js';
import type {Activation} from '../../../rollout/engine-layout.js';
import type {LabelledData} from '../../digits.js';
import type {Task} from '../../task-family.js';
import {denseForward, denseParameters} from './dense-network.js';
import {drawNetwork, type Complete, type NetworkOptions} from './network-options.js';
import {
  supervisedTask, type DataSplits, type ExampleBatch, type SupervisedLoss, type SupervisedProblem, type TargetData,
} from './supervised-task.js';

/** A dense network on data: plain numbers. Parameters `kernel0`, `bias0`, `kernel1`, … */
export interface DenseProblem extends SupervisedProblem {
  /** Inputs, hidden layers, outputs. */
  readonly sizes: readonly number[];
  readonly activation: Activation;
}

/** Draws activation, initial parameters and batches of a dense network. */
export function sampleDenseProblem(random: Random, options: Complete<NetworkOptions>, given: {
  readonly data: DataSplits<LabelledData | TargetData>;
  readonly sizes: readonly number[];
  readonly loss: SupervisedLoss;
}): DenseProblem {
  const {activation, initialization, batchSize} = drawNetwork(random, options);
  const batchSeeds = {train: random.next(), validation: random.next()};
  const parameters = denseParameters(random, given.sizes, initialization);
  return {...given, numOutputs: given.sizes.at(-1)!, activation, batchSize, batchSeeds, parameters};
}

/** The task of a problem. */
export function denseTask(problem: DenseProblem): Task<ExampleBatch> {
  const numLayers = problem.sizes.length - 1;
  return supervisedTask(problem, (params, features) => denseForward(params, numLayers, problem.activation, features), undefined, problem);
}
