import type {Scalar, Tensor, Variable} from '@tensorflow/tfjs-core';
import type {StepOptions} from './types.js';

/** Slots of one variable as plain arrays: what is saved, and what moves from one runner to another. */
export interface SlotArrays {
  /** Planes of the variable's size: `stateSizes(rule).parameter` of them. */
  readonly slots: Float32Array;
  /** `stateSizes(rule).tensor` floats. */
  readonly tensorSlots: Float32Array;
}

/** Slots of one variable, wherever their runner keeps them. */
export interface VariableSlots {
  readonly owner: StepRunner;
  /** Copies. */
  read(): SlotArrays;
  dispose(): void;
}

/** State that variables which are trained together share, that of the loss above all, wherever its runner keeps it. */
export interface LossSlots {
  readonly owner: StepRunner;
  /** A copy of `stateSizes(rule).optimizer` floats. */
  read(): Float32Array;
  /** Steps since these slots were made that the runner skipped though their time had passed, where the device alone knows of them. Waits for it. */
  skipped?(): number;
  dispose(): void;
}

/** One variable of a step. */
export interface VariableStep {
  readonly variable: Variable;
  readonly gradient: Tensor;
  /** Slots that this runner made. */
  readonly slots: VariableSlots;
  readonly weightDecay: number;
}

/** What a step was given: the loss is a number where reading it is free, else a scalar tensor. */
export type Loss = number | Scalar | undefined;

/**
 * What a step did. `skipped` names the first non-finite thing; then nothing has changed. `deferred` is a scalar, not 0
 * where the step was made, for backends where reading it now would stall; the caller disposes it.
 */
export type StepOutcome = {readonly kind: 'made'} | {readonly kind: 'skipped'; readonly culprit: string} | {readonly kind: 'deferred'; readonly made: Scalar};

/** Runs one rule on one kind of backend. */
export interface StepRunner {
  readonly name: 'wasm-shared' | 'wasm-copy' | 'js' | 'ops' | 'webgl' | 'webgpu' | 'zoo';
  /** Whether this runner wants the loss as a number. */
  readonly readsLoss: boolean;
  /** Bytes of the linear memory that it works on, in use or not; absent where it has none. */
  readonly memoryBytes?: number;
  /** Where it may be lost. @throws L2OError `ENVIRONMENT` where it is. */
  assertLive?(): void;
  createSlots(size: number, initial?: SlotArrays): VariableSlots;
  createLossSlots(initial?: Float32Array): LossSlots;
  /** Assigns new values to the variables, or skips the whole step where the loss or a gradient is not finite. */
  step(theta: Float32Array, steps: readonly VariableStep[], lossSlots: LossSlots, loss: Loss, options: StepOptions): StepOutcome;
}

/** Loss state in an ordinary array, for runners that work on the host. */
export class HostLossSlots implements LossSlots {
  constructor(readonly owner: StepRunner, readonly values: Float32Array) {}
  read(): Float32Array {
    return this.values.slice();
  }
  dispose(): void {
    // Nothing to free.
  }
}

/** The first of loss and gradients that is not finite, by the sums of their squares. */
export function firstNonFinite(loss: Loss, steps: readonly VariableStep[], squares: readonly number[]): string | undefined {
  if (typeof loss === 'number' && !Number.isFinite(loss)) return 'the loss';
  const bad = squares.findIndex(s => !Number.isFinite(s));
  return bad < 0 ? undefined : `the gradient of '${steps[bad]!.variable.name}'`;
}
