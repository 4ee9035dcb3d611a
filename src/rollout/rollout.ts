import type {Split} from '../tasks/task-family.js';
import type {EngineRule} from './engine-layout.js';

/** How a rollout is run on a task, whichever engine runs it. */
export interface RolloutOptions {
  readonly rule: EngineRule;
  /** Learning rate of `adam` and `sgd`; multiplier of `tensor-lstm`. */
  readonly learningRate: number;
  /** Planned steps that the rule is told; 0 hides them. */
  readonly horizon: number;
  /** Whether the rule is shown the loss. */
  readonly hasLoss: boolean;
  /** Whether `tensor-lstm` steps relative to each tensor's RMS. Default true. */
  readonly parameterScale?: boolean;
  /** Decoupled weight decay. Default 0. */
  readonly weightDecay?: number;
  /** Momentum of `sgd`. Default 0. */
  readonly momentum?: number;
}

/** What changes in a rollout: plain arrays, which can be sent to a worker or written to a file. */
export interface RolloutState {
  /** Steps made. */
  readonly step: number;
  readonly pieces: readonly Float32Array[];
}

/** Losses from this size on count as not finite, in both engines. */
export const LARGEST_LOSS = 1e30;

/** A loss over several batches. */
export interface Evaluation {
  readonly loss: number;
  /** Share of right classes, where the task has classes and the engine counts them. */
  readonly accuracy?: number;
}

/**
 * One inner training run, in the compiled engine or by tf ops. The same task, options and theta give the same losses in
 * both, up to rounding.
 */
export interface Rollout {
  /** The theta that `tensor-lstm` steps with from now on; copied. */
  setTheta(theta: Float32Array): void;
  /**
   * Runs up to `steps` steps and writes the batch loss before each into `losses`.
   * @returns The steps made: fewer than `steps` where a loss was not finite, or a gradient in a rule that refuses it.
   */
  run(steps: number, losses: Float32Array): number;
  /** A copy of parameters, slots and step counter, for `restore`. */
  snapshot(): RolloutState;
  /** Goes on from a snapshot of this rollout, or of another one of the same task and options. */
  restore(state: RolloutState): void;
  /** Mean loss at the current parameters over the first batches of a split. @param split Default `'train'`. */
  evaluate(split?: Split, numBatches?: number): Evaluation;
  /** Frees all that the rollout holds. */
  dispose(): void;
}
