/**
 * Ways to train and to look at what came of it.
 */
import * as tf from '@tensorflow/tfjs-core';
import {loadLayersModel, type LayersModel} from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import type {LearnedOptimizer} from '../../src/index.js';
import type {Batch, Task} from './tasks.js';

/** Compiles a new model of the task. */
export function compiled(task: Task, optimizer: tf.Optimizer): LayersModel {
  const model = task.build();
  model.compile({optimizer, loss: task.loss});
  return model;
}

/** Trains on the batches of the steps from `from` on to before `to`, and returns their losses. */
export async function train(model: LayersModel, task: Task, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    const {x, y} = task.batch(step);
    const result = await model.trainOnBatch(x, y);
    losses.push(Array.isArray(result) ? result[0]! : result);
    tf.dispose([x, y] as Array<Batch['y']>);
  }
  return losses;
}

/** Copies of values. */
export function valuesOf(tensors: readonly tf.Tensor[]): Float32Array[] {
  return tensors.map(t => t.dataSync<'float32'>().slice());
}

/** Copies of a model's weights. */
export function weightsOf(model: LayersModel): Float32Array[] {
  return valuesOf(model.getWeights());
}

function bitsOf(values: readonly Float32Array[]): string[] {
  return values.map(v => Buffer.from(v.buffer, v.byteOffset, v.byteLength).toString('hex'));
}

/** Asserts equality bit for bit. */
export function expectSame(got: readonly Float32Array[], expected: readonly Float32Array[]): void {
  expect(bitsOf(got)).to.deep.equal(bitsOf(expected));
}

/** Asserts that at least one bit differs. */
export function expectDifferent(got: readonly Float32Array[], other: readonly Float32Array[]): void {
  expect(bitsOf(got)).to.not.deep.equal(bitsOf(other));
}

/** Asserts equality up to `tolerance` times each array's largest value. */
export function expectClose(got: readonly Float32Array[], expected: readonly Float32Array[], tolerance: number): void {
  expect(got.map(g => g.length)).to.deep.equal(expected.map(e => e.length));
  expected.forEach((e, i) => {
    const scale = e.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const worst = e.reduce((most, x, j) => Math.max(most, Math.abs(x - got[i]![j]!)), 0);
    expect(worst, `array ${i}, largest value ${scale}`).to.be.at.most(tolerance * scale);
  });
}

/** The mean of numbers. */
export function mean(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0) / numbers.length;
}

/** An optimizer's whole state by name; bit patterns, so that NaN equals itself. */
export async function stateOf(optimizer: LearnedOptimizer): Promise<Map<string, string>> {
  const weights = await optimizer.getWeights();
  const state = new Map(weights.map(({name, tensor}) => [name, `${tensor.dtype} [${tensor.shape.join()}] ${Buffer.from(tensor.dataSync().slice().buffer).toString('hex')}`]));
  tf.dispose(weights.map(w => w.tensor));
  return state;
}

/**
 * Weights of two models that are trained in turn, the first at each step, the second at every `every`th, so that their steps are
 * counted apart.
 * @param isShared Whether one optimizer trains both, or one of its own each.
 */
export async function trainedInTurn(
  make: () => LearnedOptimizer, tasks: readonly [Task, Task], isShared: boolean, {steps, every}: {steps: number; every: number},
): Promise<Float32Array[]> {
  const one = make(), models = tasks.map(task => compiled(task, isShared ? one : make())) as [LayersModel, LayersModel];
  for (let step = 0; step < steps; step++) {
    await train(models[0], tasks[0], step, step + 1);
    if (step % every === 0) await train(models[1], tasks[1], step, step + 1);
  }
  const values = models.flatMap(weightsOf);
  models.forEach(model => {
    model.optimizer.dispose();
    model.dispose();
  });
  one.dispose();
  return values;
}

/** Copies one optimizer's state to another, as a user would. */
export async function copyState(from: LearnedOptimizer, to: LearnedOptimizer): Promise<void> {
  const weights = await from.getWeights();
  await to.setWeights(weights);
  tf.dispose(weights.map(w => w.tensor));
}

/** What `model.save` with the optimizer writes, through JSON as in a file. */
export async function saved(model: LayersModel): Promise<tf.io.ModelArtifacts> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(tf.io.withSaveHandler(written => {
    artifacts = written;
    return Promise.resolve({modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}});
  }), {includeOptimizer: true});
  const {weightData, ...rest} = artifacts!;
  return {...JSON.parse(JSON.stringify(rest)) as tf.io.ModelArtifacts, weightData: weightData!};
}

/** Loads what {@link saved} returned, which stays whole. */
export function loaded(artifacts: tf.io.ModelArtifacts): Promise<LayersModel> {
  return loadLayersModel(tf.io.fromMemory(structuredClone(artifacts)));
}

/** The learned optimizer of a loaded model. */
export function optimizerOf(model: LayersModel): LearnedOptimizer {
  expect(model.optimizer.getClassName()).to.equal('LearnedOptimizer');
  return model.optimizer as LearnedOptimizer;
}
