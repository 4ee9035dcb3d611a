import {L2OError} from '../errors.js';
import type {LossProbe} from '../flatness/loss-probe.js';
import type {Split} from '../tasks/task-family.js';
import type {EngineRule, Schedule} from './engine-layout.js';

/** How a rollout is run on a task, whichever engine runs it. */
export interface RolloutOptions {
  readonly rule: EngineRule;
  /** Learning rate of `adam` and `sgd`; multiplier of the learned rules. */
  readonly learningRate: number;
  /** Planned steps that the rule is told; 0 hides them. */
  readonly horizon: number;
  /** Of the learning rate of `adam` and `sgd`; `'cosine'` takes a horizon. Default `'constant'`. */
  readonly schedule?: Schedule;
  /** Whether the rule is shown the loss. */
  readonly hasLoss: boolean;
  /** Whether `tensor-lstm` steps relative to each tensor's RMS. Default true. */
  readonly parameterScale?: boolean;
  /** Decoupled weight decay, of the learned rules and `adam`. Default 0. */
  readonly weightDecay?: number;
  /** Momentum of `sgd`. Default 0. */
  readonly momentum?: number;
}

/** What changes in a rollout: plain arrays, which can be sent to a worker or written to a file. */
export interface RolloutState {
  /** Steps made. */
  readonly step: number;
  readonly pieces: readonly Float32Array[];
  /** What the task remembers between steps, where it does. */
  readonly task?: readonly Float32Array[];
}

/** Losses from this size on count as not finite, in both engines. */
export const LARGEST_LOSS = 1e30;

/** Batches that an evaluation goes over unless told otherwise. */
export const EVALUATION_BATCHES = 8;

/** A loss over several batches. */
export interface Evaluation {
  readonly loss: number;
  /** Share of right classes, where the task has classes and the engine counts them. */
  readonly accuracy?: number;
}

/**
 * Told of each step that was made: the gradient that the rule saw, and what it added to the parameters; both row-major, one
 * tensor after another, and valid during the call alone.
 */
export type StepObserver = (gradient: Float32Array, change: Float32Array) => void;

/**
 * One inner training run, in the compiled engine or by tf ops. The same task, options and theta give the same losses in
 * both, up to rounding.
 */
export interface Rollout {
  /** The theta that the learned rule steps with from now on; copied. Without effect on `adam` and `sgd`. */
  setTheta(theta: Float32Array): void;
  /**
   * Runs up to `steps` steps and writes the batch loss before each into `losses`.
   * @param observe Costs a return to JavaScript a step in the compiled engine, and downloads by tf ops.
   * @returns The steps made: fewer than `steps` where a loss was not finite, or a gradient in a rule that refuses it.
   */
  run(steps: number, losses: Float32Array, observe?: StepObserver): number;
  /** A copy of parameters, slots and step counter, for `restore`. */
  snapshot(): RolloutState;
  /** Goes on from a snapshot of this rollout, or of another one of the same task and options. */
  restore(state: RolloutState): void;
  /** Mean loss at the current parameters over the first batches of a split. @param split Default `'train'`. @param numBatches Default 8. */
  evaluate(split?: Split, numBatches?: number): Evaluation;
  /**
   * The training loss on the batches of the next steps, as a function of all parameters. Nothing of the rollout changes by it. It is
   * good until the rollout goes on: then it throws L2OError `INVALID_ARGUMENT`.
   * @param numBatches The loss is the mean over so many batches. Default 1: the batch of the next step.
   */
  probe(numBatches?: number): LossProbe;
  /** Frees all that the rollout holds. */
  dispose(): void;
}

/** Throws the error of a probe whose rollout has gone on. */
export function stalePoint(taken: number, now: number): never {
  throw new L2OError('INVALID_ARGUMENT', `rollout: expected a probe of step ${now}, got one that was taken at step ${taken}. ` +
    'Take a new one after each run or restore.');
}
