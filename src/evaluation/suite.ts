import type {TaskFamily} from '../tasks/task-family.js';

/** One task of a suite: a family, and how it is run. */
export interface SuiteTask {
  /** Unique in its suite. */
  readonly name: string;
  /** Raised whenever the task changes, so that runs of the old one are not taken for runs of this one. Default 1. */
  readonly version?: number;
  /** Name of the data, such as `'wine'`; what tells whether a recipe has seen them. */
  readonly dataset: string;
  /** Class of the network or function, such as `'mlp'`, `'conv'`, `'gru'`, `'quadratic'`. */
  readonly architecture: string;
  /** Name of the loss, such as `'softmaxCrossEntropy'`. */
  readonly loss: string;
  /**
   * Sampled anew for each run with a generator that depends on task and seed alone, so that all optimizers see the same data,
   * initial parameters and batches. Should draw data and network from fixed settings: a seed changes what a user's seed would.
   * Tasks with classes give their accuracy (`Task.accuracy`).
   */
  readonly family: TaskFamily;
  /** Steps T that optimizers are given, ≥ 20. One task costs about 500 T steps in all: see `docs/evaluation.md`. */
  readonly steps: number;
  /** Training batches, from the first on, that the loss curve is measured on: 1 for full batch, more for small ones. Default 8. */
  readonly trainBatches?: number;
  /** Validation batches that the validation loss is measured on, from the first on. Default 8. */
  readonly validationBatches?: number;
}

/** A task that a suite should have and cannot run here. */
export interface SkippedTask {
  readonly name: string;
  /** Such as data that are missing, and how to get them. */
  readonly reason: string;
}

/** Tasks that optimizers are judged by together. */
export interface Suite {
  readonly name: string;
  readonly tasks: readonly SuiteTask[];
  /** Reports list them: results without them are not those of the whole suite. Default: none. */
  readonly skipped?: readonly SkippedTask[];
}

/** A module of a suite, which reaches workers by its address. */
export interface SuiteModule {
  /** Called once in each thread before its first task, for example to choose a backend. */
  readonly setup?: () => void | Promise<void>;
  /** The suite, or a function that makes it, called once in each thread: the place to read data files. */
  readonly default: Suite | (() => Suite | Promise<Suite>);
}
