import type {Scalar, Tensor, Tensor1D} from '@tensorflow/tfjs-core';
import type {Random} from '../random.js';
import type {ThetaEntry} from './tensor-lstm/spec.js';

export type {ThetaEntry};

/** Named float32 tensors of a rule's state. */
export type State<Name extends string = string> = Readonly<Record<Name, Tensor>>;

/** One variable of a step. */
export interface RuleVariable<Slot extends string = string> {
  readonly parameter: Tensor;
  /** Of the shape of `parameter`. */
  readonly gradient: Tensor;
  /** As {@link Rule.initialSlots} or the last step gave them. */
  readonly slots: State<Slot>;
  /** Decoupled weight decay: a step also takes (rate of the step) × `weightDecay` of a weight away. Default 0. */
  readonly weightDecay?: number;
}

/** One variable after a step. */
export type SteppedVariable<Slot extends string = string> = Pick<RuleVariable<Slot>, 'parameter' | 'slots'>;

/**
 * One tensor of a rule's state, by what there is one of: of a variable with `n` parameters, `[n]` or `[numbers, n]` where
 * each parameter has one or more numbers; `[numbers]` for each tensor, or for all variables together.
 */
export type StateEntry<Name extends string = string> = readonly [name: Name, each: 'parameter' | 'tensor' | 'optimizer', numbers: number];

/** What a step knows beside variables and state. */
export interface StepContext {
  /** Steps made before this one. */
  readonly time: number;
  /** Planned number of steps; 0 where it is unknown. */
  readonly horizon: number;
  /** Multiplier of every step. */
  readonly learningRate: number;
  /** Loss that the gradients belong to; `undefined` where it is unknown. */
  readonly loss: Scalar | undefined;
}

/** What {@link Rule.step} returns: tensors of its own, which belong to the caller. */
export interface RuleResult<Slot extends string = string, Shared extends string = string> {
  /** In the order of the variables that went in. */
  readonly variables: SteppedVariable<Slot>[];
  readonly shared: State<Shared>;
}

/**
 * One learned update, in tf ops alone: the form that is differentiable with respect to theta.
 *
 * All functions are pure: nothing is read back, kept or changed, on any backend. Gradients of first order flow to theta,
 * through parameters, slots, shared state and initial state. The caller tidies.
 *
 * @typeParam Slot Names of the slots of one variable.
 * @typeParam Shared Names of the state that all variables of an optimizer share.
 */
export interface Rule<Slot extends string = string, Shared extends string = string> {
  /** Name by which theta files and `learnedOptimizer({rule})` know this rule. */
  readonly name: string;
  /** Raised whenever a theta trained for an older version would mean something else. */
  readonly version: number;
  /** Weight arrays of theta in order, row-major. */
  readonly layout: readonly ThetaEntry[];
  /** Number of floats in theta. */
  readonly thetaSize: number;
  /** All of the rule's state, in the order in which it is saved: slots, and what all variables share. */
  readonly state: ReadonlyArray<StateEntry<Slot | Shared>>;
  /** Weights that meta-training starts from. They depend on nothing but `random`'s seed. */
  initialTheta(random: Random): Float32Array;
  /**
   * State of a variable that has not been stepped yet.
   * @param random A generator of this variable's own: some rules start with random step sizes.
   */
  initialSlots(theta: Tensor1D, shape: readonly number[], random: Random): State<Slot>;
  /** Shared state of an optimizer that has not stepped yet. */
  initialShared(theta: Tensor1D): State<Shared>;
  /**
   * One step of all variables. Those without elements come back as they are and count nowhere; where there are no
   * others, nothing changes.
   * @param theta Weights of the rule, `[thetaSize]`.
   * @throws L2OError `INVALID_THETA` for a theta of another size.
   */
  step(theta: Tensor1D, variables: ReadonlyArray<RuleVariable<Slot>>, shared: State<Shared>, context: StepContext): RuleResult<Slot, Shared>;
}
