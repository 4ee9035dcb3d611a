/** Checks that hold for the tasks of every family. */
import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {Random} from '../../src/random.js';
import {taskGradients} from '../../src/tasks/augment/task-gradients.js';
import type {Split, Task} from '../../src/tasks/task-family.js';

/** Parameters as plain arrays, by name. */
export type HostParams = Readonly<Record<string, Float32Array>>;

/** Reads parameters or gradients and disposes them. */
export function readAll(tensors: tf.NamedTensorMap): HostParams {
  const values = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, Float32Array.from(tensor.dataSync())]));
  tf.dispose(tensors);
  return values;
}

/** The next batch of an endless iterator. */
export function nextBatch<B>(batches: Iterator<B>): B {
  const next = batches.next();
  if (next.done === true) throw new Error('Batches must not end.');
  return next.value;
}

/** A batch of tensors is a container of tensors; one of plain values holds none. */
export function disposeBatch(batch: unknown): void {
  tf.dispose(batch as tf.TensorContainer);
}

/** The first losses of a split at the given parameters. */
export function lossesAt<B>(task: Task<B>, params: tf.NamedTensorMap, split: Split, count: number): number[] {
  const batches = task.batches(split);
  return Array.from({length: count}, () => {
    const batch = nextBatch(batches), loss = tf.tidy(() => task.loss(params, batch).dataSync()[0]!);
    disposeBatch(batch);
    return loss;
  });
}

/** Parameters, first losses of both splits, and first gradients: equal numbers for equal tasks. Frees all but the task. */
export function fingerprint<B>(task: Task<B>): unknown {
  const params = task.init(), batches = task.batches('train'), batch = nextBatch(batches);
  const {loss, gradients} = taskGradients(task, params, batch, 0);
  disposeBatch(batch);
  const result = {
    loss: loss.dataSync()[0], gradients: readAll(gradients),
    train: lossesAt(task, params, 'train', 3), validation: lossesAt(task, params, 'validation', 3),
  };
  loss.dispose();
  return {...result, params: readAll(params)};
}

/**
 * Compares gradients with central differences of the loss, on each parameter alone and on random halves of all, near the start.
 * @param step Distance of the two losses from the point: shorter where a kink may lie between.
 * @param tolerance Relative.
 */
export function expectTrueGradients<B>(task: Task<B>, step = 1e-2, tolerance = 0.02): void {
  const random = new Random(5), start = task.init();
  const params = tf.tidy(() => Object.fromEntries(Object.entries(start).map(([name, tensor]) =>
    [name, tf.add(tensor, tf.tensor(random.normals(tensor.size, 0.1), tensor.shape))])));
  tf.dispose(start);
  const batch = nextBatch(task.batches('train'));
  const {loss, gradients} = taskGradients(task, params, batch, 0), value = loss.dataSync()[0]!;
  const names = Object.keys(params), masks: ((name: string) => tf.Tensor)[] = [
    ...names.map(only => (name: string) => tf.fill(params[name]!.shape, Number(name === only))),
    ...[0, 1, 2].map(() => (name: string) => tf.tensor(Float32Array.from({length: params[name]!.size}, () => Number(random.chance(0.5))), params[name]!.shape)),
  ];
  for (const [index, mask] of masks.entries()) {
    const [slope, norm] = tf.tidy(() => {
      const direction: tf.NamedTensorMap = Object.fromEntries(names.map(name => [name, tf.mul(gradients[name]!, mask(name))]));
      const length = Math.sqrt(names.reduce((sum, name) => sum + tf.sum(tf.square(direction[name]!)).dataSync()[0]!, 0));
      const at = (distance: number): number => task.loss(
        Object.fromEntries(names.map(name => [name, tf.add(params[name]!, tf.mul(direction[name]!, distance / length))])), batch).dataSync()[0]!;
      return [(at(step) - at(-step)) / (2 * step), length] as const;
    });
    expect(norm, `norm of the gradient of ${names[index] ?? 'a half'}`).to.be.above(0);
    // float32 rounds each loss by up to 6e-8 of it, and sums of many terms by more.
    expect(slope, names[index] ?? 'a random half').to.be.closeTo(norm, tolerance * norm + (5e-7 * Math.abs(value)) / step);
  }
  tf.dispose([loss, params, gradients]);
  disposeBatch(batch);
}
