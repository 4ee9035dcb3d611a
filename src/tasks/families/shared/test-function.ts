import * as tf from '@tensorflow/tfjs-core';
import type {Random} from '../../../random.js';
import type {TaskKind} from '../../../rollout/engine-layout.js';
import {withCompiledForm} from '../../compiled-problem.js';
import type {Task, TaskFamily} from '../../task-family.js';
import {OptionCheck, drawInteger, type NumberRange} from './option-check.js';
import {keptTensor} from './parameters.js';

/** Options of the families of test functions. All are optional. */
export interface TestFunctionOptions {
  /** Number of coordinates: an integer, or a range. Default `[2, 50]`. */
  readonly dimension?: NumberRange;
  /** Starts are uniform within this distance of the minimum in each coordinate, > 0. Default: the function's usual domain. */
  readonly startRadius?: number;
  /**
   * The function is moved by up to this in each coordinate, ≥ 0, so that the minimum is nowhere in particular. 0 leaves the
   * function as it is defined. Default: half of `startRadius`.
   */
  readonly shift?: number;
}

/** A test function, moved, and a start: plain numbers. */
export interface TestFunctionProblem {
  readonly dimension: number;
  /** The task's loss is the function at `x - shift`. */
  readonly shift: Float32Array;
  readonly start: Float32Array;
}

/** What tells one test function from another. */
export interface TestFunction {
  /** Of the family. */
  readonly name: string;
  /** Of the factory, for messages. */
  readonly where: string;
  readonly value: (x: tf.Tensor1D) => tf.Scalar;
  /** The minimum has this in every coordinate. */
  readonly minimum: number;
  readonly startRadius: number;
  readonly minDimension: number;
  /** What the compiled engine calls it. */
  readonly kind: TaskKind;
}

/** The family of a test function. Its losses have no data: train and validation are the same. */
export function testFunctionFamily(fn: TestFunction, options: TestFunctionOptions): TaskFamily<undefined> {
  const check = new OptionCheck(fn.where, options, ['dimension', 'startRadius', 'shift']);
  const {dimension = [2, 50], startRadius = fn.startRadius, shift = startRadius / 2} = options;
  check.range('dimension', dimension, {min: fn.minDimension, integer: true});
  check.number('startRadius', startRadius, {min: 0, above: true});
  check.number('shift', shift, {min: 0});
  return {
    name: fn.name,
    sample: random => testFunctionTask(fn, sampleTestFunction(random, fn, {dimension, startRadius, shift})),
  };
}

/** Samples one problem. */
export function sampleTestFunction(random: Random, fn: TestFunction, options: Required<TestFunctionOptions>): TestFunctionProblem {
  const dimension = drawInteger(random, options.dimension);
  const shift = Float32Array.from({length: dimension}, () => random.uniform(-options.shift, options.shift));
  const start = shift.map(s => s + fn.minimum + random.uniform(-options.startRadius, options.startRadius));
  return {dimension, shift, start};
}

/** The task of a problem: one parameter `x`. */
export function testFunctionTask(fn: TestFunction, {dimension, shift, start}: TestFunctionProblem): Task<undefined> {
  const offset = keptTensor(shift, [dimension]);
  const data = {inputs: shift, answers: shift, numExamples: 1, batchSize: 1, seed: 0};
  return withCompiledForm<undefined>({
    init: () => ({x: tf.tensor1d(start.slice())}),
    loss: ({x}) => fn.value(tf.sub<tf.Tensor1D>(x!, offset)),
    *batches() {
      for (;;) yield undefined;
    },
    dispose: () => offset.dispose(),
  }, () => ({
    kind: fn.kind, parameters: [{name: 'x', shape: [dimension], values: start}], sizes: [dimension], splits: {train: data, validation: data},
  }));
}
