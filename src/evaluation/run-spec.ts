import type {OptimizerSpec} from './optimizers.js';

/** One run of one optimizer on one task: plain data. Two runs of the same spec are the same run. */
export interface RunSpec {
  /** Index in the suite. */
  readonly task: number;
  readonly optimizer: OptimizerSpec;
  /** Such as `'run 0'`; with suite and task it determines data, initial parameters and batches. */
  readonly seed: string;
  readonly steps: number;
  /** Planned steps that the optimizer is told: 0 hides them. Those without a plan are not told. */
  readonly horizon: number;
  /** Steps after which the training loss is measured, in rising order. */
  readonly measureAt: readonly number[];
  /** Steps after which the validation loss is measured, in rising order. */
  readonly validateAt: readonly number[];
}

/** What a run came to. Losses that are not finite, or were never reached, are `Infinity`. */
export interface RunRecord {
  /** Steps made: fewer than asked for where a loss was not finite. */
  readonly made: number;
  /** Loss at each of `measureAt`. */
  readonly train: readonly number[];
  /** Loss and accuracy at each of `validateAt`. */
  readonly validation: readonly ValidationRecord[];
  /** Time that the run took, measurements included. */
  readonly seconds: number;
}

/** Where a validation stands. */
export interface ValidationRecord {
  readonly loss: number;
  /** Share of right classes, where the task has classes. */
  readonly accuracy?: number;
}

/** Measurements over one horizon. */
const POINTS = 50;
/** Training losses that a smoothed one is the mean of. */
export const SMOOTHED_OVER = 3;

/** Measurements from the start to `end`, a fiftieth of `horizon` apart. */
export function wholeCurve(end: number, horizon: number): number[] {
  return distinct([0, ...Array.from({length: Math.ceil((end * POINTS) / horizon)}, (_, i) => Math.round(end - (i * horizon) / POINTS))]);
}

/** The measurements that the smoothed losses at `ends` need. */
export function atEnds(ends: readonly number[], horizon: number): number[] {
  return distinct(ends.flatMap(end => Array.from({length: SMOOTHED_OVER}, (_, i) => Math.max(0, Math.round(end - (i * horizon) / POINTS)))));
}

/** The smoothed loss at `step`: the mean of the last measurements up to it. */
export function smoothedAt(measureAt: readonly number[], losses: readonly number[], step: number, horizon: number): number {
  const wanted = atEnds([step], horizon), found = measureAt.flatMap((at, i) => (wanted.includes(at) ? [losses[i]!] : []));
  return found.length === wanted.length ? found.reduce((sum, x) => sum + x, 0) / found.length : Infinity;
}

function distinct(steps: readonly number[]): number[] {
  return [...new Set(steps)].sort((a, b) => a - b);
}
