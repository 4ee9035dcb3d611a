import type {EstimatorOptions, EstimatorState, PairWindow} from './estimators.js';
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
  window(theta: Float32Array, steps: number): Promise<PairResult[]>;
  /** Scores theta on the held-out tasks 0 … count − 1, in order. */
  heldOut(theta: Float32Array, count: number): Promise<HeldOutScore[]>;
  /** State of all pairs, in order. */
  states(): readonly EstimatorState[];
  /** Lets all pairs go on from where those of a host with the same options stood. */
  restore(states: readonly EstimatorState[]): Promise<void>;
  /** Ends all runs and frees what they hold. */
  stop(): Promise<void>;
}

/** What all hosts are started with. */
export interface HostOptions {
  readonly estimator: EstimatorOptions;
  readonly numPairs: number;
  /** Seed of the pairs' tasks and perturbations. */
  readonly seed: number;
}
