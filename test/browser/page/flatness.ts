import * as tf from '@tensorflow/tfjs-core';
import {FlatnessRegularizer, learnedOptimizer, measureFlatness, type FlatnessRegularizerOptions} from '../../../src/index.js';
import {mlp} from '../../contract/tasks.js';

const MEASURES = ['localEntropy', 'hessianTrace', 'hessianNorm', 'frobeniusNorm', 'worstSharpness', 'meanSharpness'] as const;

/** What a short regularized fit made of a model. */
export interface RegularizedFit {
  /** The measure as penalised, by epoch. */
  readonly flatness: number[];
  readonly weights: number[][];
  /** Tensors that it left behind. */
  readonly numLeft: number;
}

/** A fit with a flatness penalty, or without one. */
export async function regularizedFit(kind: 'adam' | 'learned', options?: FlatnessRegularizerOptions): Promise<RegularizedFit> {
  const before = tf.memory().numTensors, {x, y} = mlp.batch(0), model = mlp.build(), optimizer = kind === 'adam' ? tf.train.adam(0.01) : learnedOptimizer({numSteps: 20});
  model.compile({optimizer, loss: mlp.loss});
  const {history} = await model.fit(x, y, {epochs: 1, batchSize: 8, shuffle: false, verbose: 0, ...(options !== undefined && {callbacks: new FlatnessRegularizer(options)})});
  const weights = model.getWeights().map(w => [...w.dataSync()]);
  optimizer.dispose();
  model.dispose();
  tf.dispose([x, y] as tf.Tensor[]);
  return {flatness: (history.flatness ?? []) as number[], weights, numLeft: tf.memory().numTensors - before};
}

/** All measures of a model as it was built, by name. */
export async function measured(): Promise<Record<typeof MEASURES[number], number>> {
  const {x, y} = mlp.batch(0), model = mlp.build();
  model.compile({optimizer: 'sgd', loss: mlp.loss});
  const report = await measureFlatness(model, x, y, {samples: 4, spectrum: false, landscape: false});
  model.dispose();
  tf.dispose([x, y] as tf.Tensor[]);
  return Object.fromEntries(MEASURES.map(name => [name, report[name].value])) as Record<typeof MEASURES[number], number>;
}
