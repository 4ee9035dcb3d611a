import * as tf from '@tensorflow/tfjs-core';
import {model as makeModel, type LayersModel} from '@tensorflow/tfjs-layers';
import {L2OError} from '../errors.js';
import {isTensor} from '../tasks/families/shared/is-tensor.js';
import {allLayers, trainableWeightsOf, withWeights} from '../tasks/families/shared/model-weights.js';
import {hasHigherOrderGradients} from './higher-order-gradients.js';
import type {LossProbe} from './loss-probe.js';

/** Inputs or targets: one tensor for each of the model's, in order or by name, examples along the first dimension. They stay the caller's. */
export type ModelTensors = tf.Tensor | readonly tf.Tensor[] | Readonly<Record<string, tf.Tensor>>;

/** How {@link modelProbe} evaluates. */
export interface ModelProbeOptions {
  /** Examples evaluated at once. */
  readonly batchSize: number;
  /** Whether to offer exact Hessian-vector products, by double backward. */
  readonly exact: boolean;
}

/**
 * A model's compiled loss on data, regularizers included, as a function of its trainable weights, in inference mode: dropout is
 * off, and batch normalisation uses its moving averages. Weights are never written, so that there is nothing to restore; no other
 * state of the model changes either.
 *
 * @param caller For errors.
 * @throws L2OError `INVALID_ARGUMENT` where the model is not compiled, is stateful or has no trainable weights, or the data do not fit;
 *   `ENVIRONMENT` where exact products are wanted without `enableHigherOrderGradients()`.
 */
export function modelProbe(caller: string, model: LayersModel, x: ModelTensors, y: ModelTensors, {batchSize, exact}: ModelProbeOptions): LossProbe & {readonly numExamples: number} {
  checkModel(caller, model);
  const inputs = listed(x, model.inputNames), targets = listed(y, model.outputNames), numExamples = checkData(caller, model, inputs, targets);
  if (exact && !hasHigherOrderGradients()) {
    throw new L2OError('ENVIRONMENT', `${caller}: expected enableHigherOrderGradients() to have been called for exact Hessian-vector products, got TF.js's own gradients of gradients, which are wrong. Call it once, or use differences.`);
  }
  const open = withLosses(model), trained = trainableWeightsOf(model), shapes = trained.map(weight => weight.shape.map(Number));
  const sizes = shapes.map(shape => shape.reduce((product, n) => product * n, 1)), total = sizes.reduce((a, b) => a + b, 0);

  const tensorsOf = (vector: Float32Array): tf.Tensor[] => {
    let start = 0;
    // Copies: the cpu backend keeps the very array that it is given.
    return shapes.map((shape, i) => tf.tensor(vector.slice(start, start += sizes[i]!), shape, 'float32'));
  };
  const batchLoss = (weights: readonly tf.Tensor[], start: number, size: number): tf.Scalar => withWeights(model, weights, () => {
    const rows = (tensor: tf.Tensor): tf.Tensor => (size === numExamples ? tensor : tf.slice(tensor, start, size));
    const outputs = [open.call(inputs.map(rows), {training: false})].flat();
    const fits = open.lossFunctions.map((loss, i) => tf.mean<tf.Scalar>(loss(rows(targets[i]!), outputs[i]!)));
    return tf.addN([...fits, ...open.calculateLosses()]);
  });
  /** Sums what `f` makes of each batch, weighted by its share of the examples. */
  const overBatches = (f: (start: number, size: number, share: number) => void): void => {
    for (let start = 0; start < numExamples; start += batchSize) {
      const size = Math.min(batchSize, numExamples - start);
      tf.tidy(() => f(start, size, size / numExamples));
    }
  };
  const addFlat = (into: Float32Array, parts: readonly (tf.Tensor | null | undefined)[], share: number): void => {
    let at = 0;
    parts.forEach((part, i) => {
      // Weights that the loss does not depend on have no gradient.
      const values = part?.dataSync();
      if (values !== undefined) for (let k = 0; k < values.length; k++) into[at + k]! += share * values[k]!;
      at += sizes[i]!;
    });
  };

  return {
    shapes, numExamples,
    parameters: () => {
      const out = new Float32Array(total);
      addFlat(out, trained.map(weight => weight.read()), 1);
      return out;
    },
    loss: at => {
      let sum = 0;
      overBatches((start, size, share) => sum += share * batchLoss(tensorsOf(at), start, size).dataSync()[0]!);
      return sum;
    },
    gradient: at => {
      const gradient = new Float32Array(total);
      let sum = 0;
      overBatches((start, size, share) => {
        const weights = tensorsOf(at), {value, grads} = tf.engine().gradients(() => batchLoss(weights, start, size), weights, undefined, true);
        sum += share * value.dataSync()[0]!;
        addFlat(gradient, grads, share);
      });
      return {loss: sum, gradient};
    },
    ...(exact && {
      hessianVector: (at: Float32Array, vector: Float32Array): Float32Array => {
        const product = new Float32Array(total);
        overBatches((start, size, share) => {
          const weights = tensorsOf(at), directions = tensorsOf(vector);
          const {grads} = tf.engine().gradients(() => {
            const first = tf.engine().gradients(() => batchLoss(weights, start, size), weights, undefined, true).grads as readonly (tf.Tensor | undefined)[];
            return tf.addN(first.flatMap((g, i) => (g === undefined ? [] : [tf.sum<tf.Scalar>(tf.mul(g, directions[i]!))])));
          }, weights, undefined, true);
          addFlat(product, grads, share);
        });
        return product;
      },
    }),
  };
}

/** The same layers under a model whose loss functions can be had: Sequential keeps its own hidden. */
function withLosses(model: LayersModel): LayersModel {
  const open = makeModel({inputs: model.inputs, outputs: model.outputs});
  open.compile({optimizer: model.optimizer, loss: model.loss});
  return open;
}

function checkModel(caller: string, model: LayersModel): void {
  const invalid = (expected: string, got: string, remedy: string): L2OError => new L2OError('INVALID_ARGUMENT', `${caller}: expected ${expected}, got ${got}. ${remedy}`);
  const compiled: Partial<Pick<LayersModel, 'optimizer' | 'loss'>> = model;
  if (compiled.optimizer === undefined || compiled.loss === undefined) throw invalid('a compiled Layers model', 'one without a loss', 'Call model.compile({optimizer, loss}) first.');
  const stateful = allLayers(model).find(layer => layer.stateful);
  if (stateful !== undefined) throw invalid('a model whose loss depends on weights and data alone', `the stateful layer '${stateful.name}'`, 'Rebuild it without stateful.');
  if (model.trainableWeights.length === 0) throw invalid('a model with trainable weights', 'none', 'Set trainable on a layer.');
}

/** As a list, in the model's order: with holes for what is missing, and with what it has no name for. */
function listed(given: ModelTensors, names: readonly string[]): readonly tf.Tensor[] {
  if (isTensor(given)) return [given];
  if (Array.isArray(given)) return given as readonly tf.Tensor[];
  const byName = Object(given) as Readonly<Record<string, tf.Tensor>>;
  return [...names, ...Object.keys(byName).filter(name => !names.includes(name))].map(name => byName[name]!);
}

/** @returns The number of examples. */
function checkData(caller: string, model: LayersModel, inputs: readonly tf.Tensor[], targets: readonly tf.Tensor[]): number {
  const shapeOf = (tensor: unknown): readonly number[] | undefined => (isTensor(tensor) && !tensor.isDisposed ? tensor.shape : undefined);
  const shapes = [...inputs, ...targets].map(shapeOf), numExamples = shapes[0]?.[0] ?? 0;
  if (inputs.length === model.inputs.length && targets.length === model.outputs.length && numExamples > 0 && shapes.every(shape => shape?.[0] === numExamples)) return numExamples;
  const got = shapes.map(shape => (shape === undefined ? 'no tensor' : `[${shape.join(', ')}]`)).join(', ');
  throw new L2OError('INVALID_ARGUMENT', `${caller}: expected ${model.inputs.length} input tensor(s) and ${model.outputs.length} target tensor(s) of as many examples each, got ${got || 'none'}. Pass x and y as to model.fit.`);
}
