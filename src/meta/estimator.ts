import type {RandomState} from '../random.js';

/** Shortest and longest run, in steps. */
export type HorizonRange = readonly [shortest: number, longest: number];

/** What the outer loop asks of one window. */
export interface WindowPlan {
  /** Inner steps at most. */
  readonly steps: number;
  /** What the horizons of tasks that begin are drawn from. */
  readonly horizons: HorizonRange;
  /** Weight of the distance to the teacher's steps in the objective; 0: none. */
  readonly imitation: number;
}

/** What one estimator reports of one window. */
export interface PairWindow {
  readonly task: string;
  /** Mean objective of its rollouts, with what is added to it. */
  readonly objective: number;
  /** Inner steps of all its rollouts. */
  readonly innerSteps: number;
  /** Rollouts that diverged in it. */
  readonly diverged: number;
  /** Mean flatness penalty over the points that have one, where there is a regularizer and any has. */
  readonly flatness?: number | undefined;
  /** Flatness penalties that were not finite, and left out. */
  readonly flatnessDropped?: number;
}

/** All of an estimator's state: plain data, for checkpoints and other workers. */
export interface EstimatorState {
  /** Tasks begun. */
  readonly task: number;
  /** What the horizon of the current task was drawn from. */
  readonly horizons: HorizonRange;
  readonly remaining: number;
  readonly taskRandom: RandomState;
  readonly noise: Float32Array;
  readonly accumulated: Float32Array;
  /** One state for each rollout. */
  readonly particles: readonly unknown[];
}

/** Turns rollouts on one task after another into estimates of the meta-gradient. */
export interface Estimator {
  /** Advances by one window and adds its estimate to `gradient`. */
  window(theta: Float32Array, plan: WindowPlan, gradient: Float32Array): PairWindow;
  /** A copy of all state, for {@link Estimator.restore}. */
  serialize(): EstimatorState;
  /** Goes on, bit for bit, from the state of an estimator with the same options, generator and tasks. */
  restore(state: EstimatorState): void;
  /** Ends the current task. A second call does nothing. */
  dispose(): void;
}

/** Estimators of evolution strategies; see `AntitheticEstimator`. */
export const ANTITHETIC_KINDS = ['nres', 'pes', 'es'] as const;
export type AntitheticKind = (typeof ANTITHETIC_KINDS)[number];

/** What turns rollouts into a meta-gradient. */
export type EstimatorKind = AntitheticKind | 'bptt';

/** Settings of an `AntitheticEstimator`. */
export interface AntitheticOptions {
  readonly kind: AntitheticKind;
  /** Standard deviation of the perturbations, > 0. */
  readonly sigma: number;
  /** Differences of a pair's objectives are clipped to ± this before they weigh in; `Infinity` leaves them. */
  readonly maxDifference: number;
  /** Use the sign of the difference alone. */
  readonly signOnly: boolean;
  /** Whether the first task ends at a random step, so that pairs do not restart together. */
  readonly stagger: boolean;
}

/** Settings of a `BpttEstimator`. */
export interface BpttOptions {
  readonly kind: 'bptt';
  /** As of {@link AntitheticOptions}. */
  readonly stagger: boolean;
}

/** Settings of an estimator. */
export type EstimatorOptions = AntitheticOptions | BpttOptions;
