/** How many steps one way to train needs for the accuracy that another reaches, with intervals over users. */
import {Random} from '../../src/index.js';
import {mean, tInterval, type Estimate} from '../../src/report/statistics.js';
import {LOOK_EVERY} from './train.js';

/** Accuracy curves, one a user, as `accuracies` gives them. */
export type Curves = ReadonlyArray<readonly number[]>;

/**
 * The accuracy that counts as Adam's best is its best mean accuracy less this: curves creep towards their best for long, and a
 * target at the very maximum would be reached by luck.
 */
export const TOLERANCE = 0.005;
const RESAMPLES = 2000, RESAMPLING_SEED = 11;

/** Mean accuracy over users, by look. */
export function meanCurve(curves: Curves): number[] {
  return curves[0]!.map((_, look) => mean(curves.map(curve => curve[look]!)));
}

/** The first step at which the mean accuracy is at least `target`; `Infinity` where it never is. */
export function stepsTo(curves: Curves, target: number): number {
  const look = meanCurve(curves).findIndex(accuracy => accuracy >= target);
  return look < 0 ? Infinity : look * LOOK_EVERY;
}

/** The best mean accuracy of a set of curves. */
export function bestAccuracy(curves: Curves): number {
  return Math.max(...meanCurve(curves));
}

/** One setting that was tried, such as a rate, with its curves. */
export interface Tried<S> {
  readonly setting: S;
  readonly curves: Curves;
}

/** The setting that needs the fewest steps to the best mean accuracy that any of them reaches, less the tolerance. */
export function fewestSteps<S>(tried: ReadonlyArray<Tried<S>>): Tried<S> {
  const target = Math.max(...tried.map(({curves}) => bestAccuracy(curves))) - TOLERANCE;
  return tried.reduce((best, other) => (stepsTo(other.curves, target) < stepsTo(best.curves, target) ? other : best));
}

/** Steps to one accuracy, of Adam and of another. */
export interface StepRatio {
  readonly target: number;
  readonly adamSteps: number;
  /** Infinite where it is not reached. */
  readonly steps: number;
  /** How many times fewer: 0 where the other never gets there. Ends of the 95 % interval: users drawn again, both on the same. */
  readonly ratio: Estimate;
}

/** Compares steps to Adam's best mean accuracy on these users, less `tolerance`. @param curves Of the same users in the same order. */
export function stepRatio(adam: Curves, curves: Curves, tolerance = TOLERANCE): StepRatio {
  const compare = (users: readonly number[]): Omit<StepRatio, 'ratio'> & {ratio: number} => {
    const theirs = users.map(i => adam[i]!), ours = users.map(i => curves[i]!), target = bestAccuracy(theirs) - tolerance;
    const adamSteps = stepsTo(theirs, target), steps = stepsTo(ours, target);
    return {target, adamSteps, steps, ratio: adamSteps / steps};
  };
  const random = new Random(RESAMPLING_SEED), whole = compare(adam.map((_, i) => i));
  const ratios = Array.from({length: RESAMPLES}, () => compare(adam.map(() => random.integer(adam.length))).ratio).sort((a, b) => a - b);
  return {...whole, ratio: {mean: whole.ratio, low: ratios[Math.floor(0.025 * RESAMPLES)]!, high: ratios[Math.ceil(0.975 * RESAMPLES) - 1]!}};
}

/** Mean difference of accuracy at the end of both runs, with a 95 % t-interval over users. */
export function endDifference(adam: Curves, curves: Curves): Estimate {
  return tInterval(curves.map((curve, i) => curve.at(-1)! - adam[i]!.at(-1)!));
}

/** Accuracy at the end, with a 95 % t-interval over users. */
export function endAccuracy(curves: Curves): Estimate {
  return tInterval(curves.map(curve => curve.at(-1)!));
}
