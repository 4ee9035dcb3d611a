import type {RuleName} from '../rules/registry.js';
import type {EstimatorOptions, EstimatorState, HorizonRange, PairWindow, WindowPlan} from './estimator.js';
import type {HeldOutScore} from './held-out.js';

/** One pair's part of an outer step. */
export interface PairResult {
  readonly window: PairWindow;
  /** The pair's estimate of the meta-gradient. */
  readonly gradient: Float32Array;
}

/** Runs the pairs of a meta-training, in this thread or in workers. The same pairs give the same results wherever they run. */
export interface Host {
  /** Names of the families: training tasks, then held-out tasks where there are any. */
  readonly families: readonly string[];
  /** Advances every pair by one window; results in the order of the pairs. */
  window(theta: Float32Array, plan: WindowPlan): Promise<PairResult[]>;
  /** Scores theta on the held-out tasks 0 … count − 1, in order. @param horizons What their numbers of steps are drawn from. */
  heldOut(theta: Float32Array, count: number, horizons: HorizonRange): Promise<HeldOutScore[]>;
  /** State of all pairs, in order. */
  states(): readonly EstimatorState[];
  /** Lets all pairs go on from where those of a host with the same options stood. */
  restore(states: readonly EstimatorState[]): Promise<void>;
  /** Ends all runs and frees what they hold. */
  stop(): Promise<void>;
}

/** What all hosts are started with. */
export interface HostOptions {
  readonly rule: RuleName;
  readonly estimator: EstimatorOptions;
  readonly numPairs: number;
  /** Seed of the pairs' tasks and perturbations. */
  readonly seed: number;
  /** What the horizons of the first tasks are drawn from. */
  readonly horizons: HorizonRange;
}
