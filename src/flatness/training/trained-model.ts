import type {Optimizer, Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {L2OError} from '../../errors.js';
import {allLayers} from '../../tasks/families/shared/model-weights.js';
import {findMarks} from './flatness-mark.js';

/** A Layers model in training, with those of its members that TF.js hides. */
export interface TrainedModel {
  readonly optimizer: Optimizer;
  /** Whether a `fit` or `fitDataset` is under way. */
  readonly isTraining: boolean;
  /** Of the last `fit`: another object for each. */
  readonly history: object;
  readonly nonTrainableWeights: ReadonlyArray<{read(): Tensor}>;
  readonly trainableWeights: ReadonlyArray<{read(): Tensor}>;
  /** The loss computes and keeps what is in here. */
  metricsTensors: unknown[];
}

/** The model that trains when a user trains `model`, unchecked. Compiling a Sequential model anew makes another one. */
export function innerModel(model: unknown): unknown {
  return (model as {readonly model?: unknown} | null | undefined)?.model ?? model;
}

/**
 * The model that trains when a user trains `model`: itself, or that inside a Sequential one; its marks of `forLayer` are known from then on.
 * @throws L2OError `INVALID_ARGUMENT` where it is not compiled, or has a layer whose outputs depend on earlier batches.
 */
export function trainedModel(caller: string, model: unknown): TrainedModel {
  const inner = (innerModel(model) ?? {}) as Partial<TrainedModel>;
  if (inner.optimizer === undefined || inner.metricsTensors === undefined) {
    throw new L2OError('INVALID_ARGUMENT', `${caller}: expected a compiled Layers model, got ${model === null || typeof model !== 'object' ? String(model) : 'one without an optimizer'}. Call model.compile({optimizer, loss}) first.`);
  }
  const layers = allLayers(inner as unknown as LayersModel), stateful = layers.find(layer => layer.stateful);
  if (stateful !== undefined) {
    throw new L2OError('INVALID_ARGUMENT', `${caller}: expected a model whose loss depends on weights and batch alone, got the stateful layer '${stateful.name}'. Rebuild it without stateful.`);
  }
  findMarks(layers);
  return inner as TrainedModel;
}
