import type {Activation} from '../rollout/engine-layout.js';
import type {CompiledProblem, CompiledSplit} from './compiled-problem.js';

/** A dense network on a data set, as the recipes sample it. */
export interface MlpTask {
  /** Sizes of inputs, hidden layers and outputs. */
  readonly sizes: readonly number[];
  readonly activation: Activation;
  readonly loss: 'softmaxCrossEntropy' | 'meanSquaredError';
  readonly batchSize: number;
  /** Row-major `[numExamples + numValidation, sizes[0]]`. */
  readonly features: Float32Array;
  /** Classes, for `softmaxCrossEntropy`. */
  readonly labels?: Int32Array;
  /** Row-major `[numExamples + numValidation, outputs]`, for `meanSquaredError`. */
  readonly targets?: Float32Array;
  /** Examples that batches are drawn from. */
  readonly numExamples: number;
  /** Examples behind those in `features` and `labels` or `targets`, for validation. Default 0. */
  readonly numValidation?: number;
  /** Default: that of training. */
  readonly validationBatchSize?: number;
  /** Parameters at the start: kernel and bias of each layer in turn, already divided by `scales`. */
  readonly initialParams: Float32Array;
  /** Reparametrisation: the network sees parameter times scale. */
  readonly scales: Float32Array;
}

/** Number of parameters of a dense network. */
export function countParams(sizes: readonly number[]): number {
  let count = 0;
  for (let l = 0; l + 1 < sizes.length; l++) count += (sizes[l]! + 1) * sizes[l + 1]!;
  return count;
}

/** The task in the form that the compiled engine runs. @param seed Of the batches. */
export function mlpProblem(task: MlpTask, seed: number): CompiledProblem {
  const {sizes, activation, loss, batchSize, features, numExamples, numValidation = 0, validationBatchSize = batchSize, initialParams, scales} = task;
  const answers = loss === 'softmaxCrossEntropy' ? task.labels! : task.targets!, width = loss === 'softmaxCrossEntropy' ? 1 : sizes.at(-1)!;
  const split = (first: number, count: number, size: number): CompiledSplit => ({
    inputs: features.subarray(first * sizes[0]!, (first + count) * sizes[0]!), answers: answers.subarray(first * width, (first + count) * width),
    numExamples: count, batchSize: size, seed,
  });
  let at = 0;
  const take = (name: string, shape: readonly number[]): CompiledProblem['parameters'][number] => {
    const size = shape.reduce((product, n) => product * n, 1), start = at;
    at += size;
    // The engine divides by the scales.
    return {name, shape, values: initialParams.subarray(start, at).map((p, i) => p * scales[start + i]!)};
  };
  return {
    kind: 'dense', sizes, activation, loss, classes: loss === 'softmaxCrossEntropy', ...(scales.some(s => s !== 1) && {scales}),
    splits: {train: split(0, numExamples, batchSize), validation: split(numExamples, numValidation, validationBatchSize)},
    parameters: sizes.slice(1).flatMap((out, l) => [take(`kernel${l}`, [sizes[l]!, out]), take(`bias${l}`, [out])]),
  };
}
