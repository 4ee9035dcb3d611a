import type {NamedTensorMap, Scalar} from '@tensorflow/tfjs-core';
import type {Random} from '../random.js';

/** Part of a task's data. */
export type Split = 'train' | 'validation';

/** Loss and gradients of one step; the receiver disposes all tensors. */
export interface LossAndGradients {
  readonly loss: Scalar;
  /** One gradient per parameter, by the parameter's name. */
  readonly gradients: NamedTensorMap;
}

/**
 * One inner problem: parameters, loss and data. `B` is whatever a batch is to this task: tensors, containers of tensors,
 * or plain values such as indices.
 */
export interface Task<B = unknown> {
  /** Initial parameters, float32: new tensors of the same values at each call, which the caller disposes. */
  init(): NamedTensorMap;
  /** Loss of the parameters on a batch: a scalar, finite at the start, that depends on every parameter. Called inside a tidy. */
  loss(params: NamedTensorMap, batch: B): Scalar;
  /** Share of right classes on a batch, for tasks with classes. Called inside a tidy. */
  accuracy?(params: NamedTensorMap, batch: B): Scalar;
  /** Batches of a split, without end; each call starts the same sequence anew. The caller disposes a batch's tensors. */
  batches(split: Split): Iterator<B>;
  /**
   * Replaces the plain gradient of `loss`, for tasks whose gradients are noisy or late. Called outside a tidy. It may keep a
   * history from step 0 on, so that one task object serves one rollout at a time; then give it `state` and `setState` too.
   */
  gradients?(params: NamedTensorMap, batch: B, step: number): LossAndGradients;
  /** Copies of what `gradients` remembers between steps, for checkpoints. */
  state?(): Float32Array[];
  /** Takes the place of what is remembered: the `state()` of a task of the same seed, taken before step `step`. */
  setState?(state: readonly Float32Array[], step: number): void;
  /**
   * The same task with other labels, for tasks whose data have classes. `change` is called once for each example, in order.
   * The new task takes this one's place, its data included: this one is used and disposed no more.
   */
  relabel?(change: (label: number, numClasses: number, split: Split) => number): Task<B>;
  /** Frees data that the task holds; called once, after its last use. */
  dispose?(): void;
}

/**
 * A distribution of tasks. Everything random must come from `random`, so that the same generator gives the same task, in
 * any worker.
 *
 * @example
 * const family = {
 *   name: 'tiny quadratics',
 *   sample(random) {
 *     const target = Array.from(random.normals(4));
 *     return {
 *       init: () => ({x: tf.zeros([4])}),
 *       loss: ({x}) => tf.sum(tf.square(tf.sub(x, target))),
 *       *batches() { for (;;) yield undefined; },
 *     };
 *   },
 * };
 */
export interface TaskFamily<B = unknown> {
  readonly name: string;
  sample(random: Random): Task<B>;
}
