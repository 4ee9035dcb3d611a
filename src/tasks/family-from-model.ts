import * as tf from '@tensorflow/tfjs-core';
import {LayersModel, model as makeModel} from '@tensorflow/tfjs-layers';
import {L2OError} from '../errors.js';
import type {Random} from '../random.js';
import {batchRows} from './families/shared/minibatches.js';
import {isTensor} from './families/shared/is-tensor.js';
import {differingWeights, findHiddenState, redrawWeight, trainableWeightsOf, withWeights} from './families/shared/model-weights.js';
import {OptionCheck, drawInteger, type NumberRange} from './families/shared/option-check.js';
import type {DataSplits} from './families/shared/supervised-task.js';
import type {Split, Task, TaskFamily} from './task-family.js';

/** Inputs and targets as `model.fit` takes them: one tensor for each input and output, examples along the first dimension. */
export interface ModelData {
  readonly xs: tf.Tensor | readonly tf.Tensor[];
  readonly ys: tf.Tensor | readonly tf.Tensor[];
}

/** One batch: a tensor for each input and output of the model. */
export interface ModelBatch {
  readonly xs: readonly tf.Tensor[];
  readonly ys: readonly tf.Tensor[];
}

/** Options of {@link taskFamilyFromModel}. All are optional. */
export interface FamilyFromModelOptions {
  /** Of the family, for reports. Default `'model'`. */
  readonly name?: string;
  /** An integer ≥ 1, or a range of which each task draws its own. Default 32. As many as there are examples, or more: all of them. */
  readonly batchSize?: NumberRange;
}

const WHERE = 'taskFamilyFromModel';

/**
 * Makes a task family from a Layers model: each task trains the model from fresh initial weights.
 *
 * The loss is the model's compiled loss, regularizers included, as in training. Dropout and noise layers are off, so that it is
 * a function of weights and batch alone; batch normalisation uses the batch's own statistics and leaves its averages as they are.
 *
 * Weights that come out different in two builds with one seed, because their initializers have none, are drawn anew by their own
 * initializers with seeds from the task's generator. All others (seeded, constant, pretrained) stay as `buildModel` made them.
 *
 * @param buildModel Makes a new, compiled model; called with a seed for each task, and once more for the first. Name the
 *   optimizer ('sgd') rather than passing one: it is not used.
 * @param data The data, which stay the caller's; or a function that makes a task's own, which the task disposes.
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'; on sampling, 'INVALID_ARGUMENT' where model or data do not fit.
 * @example
 * const family = taskFamilyFromModel(seed => {
 *   const model = tf.sequential();
 *   model.add(tf.layers.dense({units: 16, activation: 'relu', inputShape: [4], kernelInitializer: tf.initializers.heNormal({seed})}));
 *   model.add(tf.layers.dense({units: 3, activation: 'softmax'}));
 *   model.compile({optimizer: 'sgd', loss: 'categoricalCrossentropy'});
 *   return model;
 * }, {train: {xs, ys}, validation: {xs: xsHeldOut, ys: ysHeldOut}}, {batchSize: 16});
 */
export function taskFamilyFromModel(
  buildModel: (seed: number) => LayersModel,
  data: DataSplits<ModelData> | ((random: Random) => DataSplits<ModelData>),
  options: FamilyFromModelOptions = {},
): TaskFamily<ModelBatch> {
  const check = new OptionCheck(WHERE, options, ['name', 'batchSize']);
  const {name = 'model', batchSize = 32} = options;
  check.range('batchSize', batchSize, {min: 1, integer: true});
  if (typeof (name as unknown) !== 'string') check.reject('name', 'a string', name, 'It names the family in reports.');
  if (typeof (buildModel as unknown) !== 'function') check.reject('buildModel', 'a function of a seed', buildModel, 'Return a new compiled model from it.');
  let unseeded: readonly number[] | undefined;
  const build = (seed: number): LayersModel => {
    const model: unknown = buildModel(seed);
    if (isCompiled(model)) return model;
    return check.reject('buildModel', 'a function that returns a compiled Layers model', model, 'Call model.compile({optimizer: \'sgd\', loss: …}) in it; promises are not waited for.');
  };
  return {
    name,
    sample: random => {
      const seed = random.next(), model = build(seed);
      let owned: tf.Tensor[] = [];
      try {
        const made = typeof data === 'function' ? data(random) : data;
        if (typeof data === 'function') owned = tensorsOf(made);
        unseeded ??= findUnseeded(model, build(seed));
        checkModel(model);
        for (const i of unseeded) {
          const weight = model.weights[i]!;
          if (redrawWeight(model, weight, random)) continue;
          throw invalid(`expected the weight '${weight.originalName}' to follow from the seed`, 'different values in two builds with one seed',
            'Its initializer takes no seed of ours: pass buildModel\'s seed to whatever draws it.');
        }
        const parts = {train: checkData('train', made.train, model), validation: checkData('validation', made.validation, model)};
        return modelTask(withLosses(model), parts, {
          batchSize: drawInteger(random, batchSize), seeds: {train: random.next(), validation: random.next()},
          release: () => {
            tf.dispose(owned);
            model.dispose();
          },
        });
      } catch (error) {
        tf.dispose(owned);
        model.dispose();
        throw error;
      }
    },
  };
}

interface Batches {
  readonly batchSize: number;
  readonly seeds: Readonly<Record<Split, number>>;
  /** Frees model and data. */
  readonly release: () => void;
}

function modelTask(model: LayersModel, data: DataSplits<ModelBatch>, batches: Batches): Task<ModelBatch> {
  const weights = trainableWeightsOf(model), names = weights.map(({originalName}, i) => `${i}/${originalName.slice(originalName.lastIndexOf('/') + 1)}`);
  const numClasses = countClasses(model, data);
  return {
    init: () => Object.fromEntries(weights.map((weight, i) => [names[i]!, tf.clone(weight.read())])),
    loss: (params, {xs, ys}) => withWeights(model, names.map(name => params[name]!), () => {
      const outputs = [model.call([...xs], {training: true})].flat();
      const fits = model.lossFunctions.map((loss, i) => tf.mean<tf.Scalar>(loss(ys[i]!, outputs[i]!)));
      return tf.addN([...fits, ...model.calculateLosses()]);
    }),
    *batches(split) {
      const {xs, ys} = data[split], numExamples = xs[0]!.shape[0];
      for (let step = 0; ; step++) {
        if (batches.batchSize >= numExamples) yield {xs: xs.map(x => tf.clone(x)), ys: ys.map(y => tf.clone(y))};
        else {
          const rows = tf.tensor1d(batchRows(batches.seeds[split], step, batches.batchSize, numExamples), 'int32');
          const batch = {xs: xs.map(x => tf.gather(x, rows)), ys: ys.map(y => tf.gather(y, rows))};
          rows.dispose();
          yield batch;
        }
      }
    },
    ...(numClasses !== undefined && {
      relabel: change => {
        const part = (split: Split): ModelBatch =>
          ({xs: data[split].xs, ys: [relabelled(data[split].ys[0]!, numClasses, label => change(label, numClasses, split))]});
        const noisy = {train: part('train'), validation: part('validation')};
        return modelTask(model, noisy, {
          ...batches,
          release: () => {
            tf.dispose([...noisy.train.ys, ...noisy.validation.ys]);
            batches.release();
          },
        });
      },
    } satisfies Partial<Task<ModelBatch>>),
    dispose: batches.release,
  };
}

/** The same layers under a model whose loss functions can be had: Sequential keeps its own hidden. */
function withLosses(model: LayersModel): LayersModel {
  const open = makeModel({inputs: model.inputs, outputs: model.outputs});
  open.compile({optimizer: model.optimizer, loss: model.loss});
  return open;
}

function findUnseeded(model: LayersModel, second: LayersModel): number[] {
  try {
    return differingWeights(model, second);
  } finally {
    second.dispose();
  }
}

function checkModel(model: LayersModel): void {
  const state = findHiddenState(model);
  if (state !== undefined) throw invalid('expected a model whose loss depends on weights and batch alone', state, 'Take that out, or write a task family by hand.');
  if (model.trainableWeights.length === 0) throw invalid('expected a model with trainable weights', 'none', 'Set trainable on a layer.');
}

function checkData(split: Split, given: ModelData | undefined, model: LayersModel): ModelBatch {
  const list = (tensors: ModelData['xs'] | undefined): readonly tf.Tensor[] => (tensors === undefined ? [] : [tensors].flat());
  const xs = list(given?.xs), ys = list(given?.ys), all: readonly unknown[] = [...xs, ...ys];
  const sizes = new Set(all.map(tensor => (isTensor(tensor) && !tensor.isDisposed && tensor.rank > 0 ? tensor.shape[0] : 0)));
  const shapes = all.map(tensor => (isTensor(tensor) ? `[${tensor.shape.join(', ')}]` : typeof tensor)).join(', ');
  const fits = xs.length === model.inputs.length && ys.length === model.outputs.length && sizes.size === 1 && !sizes.has(0);
  if (!fits) {
    throw invalid(`data.${split} must have ${model.inputs.length} tensor(s) xs and ${model.outputs.length} ys of as many examples each`,
      all.length === 0 ? 'none' : shapes, 'Pass {xs, ys} as to model.fit, and keep them until the last task is disposed.');
  }
  return {xs, ys};
}

/** Number of classes where the targets are classes: of one output under a categorical cross-entropy. */
function countClasses({loss, outputs}: LayersModel, {train}: DataSplits<ModelBatch>): number | undefined {
  const name: unknown = Array.isArray(loss) ? loss[0] : loss, {shape} = train.ys[0]!;
  if (outputs.length !== 1) return undefined;
  if (name === 'categoricalCrossentropy' && shape.length === 2) return shape[1];
  return name === 'sparseCategoricalCrossentropy' && train.ys[0]!.size === shape[0] ? outputs[0]!.shape.at(-1) ?? undefined : undefined;
}

function relabelled(ys: tf.Tensor, numClasses: number, change: (label: number) => number): tf.Tensor {
  const values = ys.dataSync(), oneHot = ys.size !== ys.shape[0], numExamples = ys.shape[0];
  const labels = Array.from({length: numExamples}, (_, i) =>
    change(oneHot ? values.subarray(i * numClasses, (i + 1) * numClasses).indexOf(1) : values[i]!));
  if (!oneHot) return tf.keep(tf.tensor(labels, ys.shape, ys.dtype));
  // Not oneHot's own dtype argument: for float32, TF.js's wasm backend writes the bits of the integer 1.
  return tf.keep(tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), numClasses), ys.dtype === 'float32' ? 'float32' : 'int32')));
}

function tensorsOf({train, validation}: DataSplits<ModelData>): tf.Tensor[] {
  return [train.xs, train.ys, validation.xs, validation.ys].flat();
}

function isCompiled(model: unknown): model is LayersModel {
  // An optimizer is there from compile on, whatever its type says.
  return model instanceof LayersModel && (model.optimizer as unknown) !== undefined;
}

function invalid(expected: string, got: string, remedy: string): L2OError {
  return new L2OError('INVALID_ARGUMENT', `${WHERE}: ${expected}, got ${got}. ${remedy}`);
}
