/**
 * Speed-up of one optimizer over another on one task, from loss curves that are already means over seeds. See
 * `docs/evaluation.md` for the definition.
 */

import {SMOOTHED_OVER} from './run-spec.js';

/** Speed-ups are counted within this factor, either way. */
export const LARGEST_SPEED_UP = 4;

/** A smoothed loss after so many steps. */
export interface LossPoint {
  readonly step: number;
  readonly loss: number;
}

/** What the speed-up over one baseline came to. */
export interface SpeedUp {
  /** From 1/4 to 4; above 1 ours is faster. */
  readonly value: number;
  /** Whether the slower of both never reached the other's final loss within 4T. */
  readonly notReached: boolean;
  /** Steps in which the baseline's envelope reaches our final loss, over T, also where that is below 1; `null` where never. */
  readonly baselineSteps: number | null;
}

/** The mean of the last measurements, or of as many as there are; not finite ones stay so. */
export function smooth(points: readonly LossPoint[]): LossPoint[] {
  return points.map(({step}, i) => {
    const last = points.slice(Math.max(0, i + 1 - SMOOTHED_OVER), i + 1);
    return {step, loss: last.reduce((sum, p) => sum + p.loss, 0) / last.length};
  });
}

/** The least loss of any curve up to each step at which one of them was measured. */
export function envelope(curves: ReadonlyArray<readonly LossPoint[]>): LossPoint[] {
  const points = curves.flat().sort((a, b) => a.step - b.step), least: LossPoint[] = [];
  for (const {step, loss} of points) {
    const last = least.at(-1), known = last?.loss ?? Infinity, best = Number.isNaN(loss) ? known : Math.min(known, loss);
    if (last?.step === step) least[least.length - 1] = {step, loss: best};
    else least.push({step, loss: best});
  }
  return least;
}

/**
 * Steps after which an envelope is at or below `target`: between two points by interpolation, in the logarithms where they
 * exist. `undefined` where it never is.
 */
export function stepsToReach(points: readonly LossPoint[], target: number): number | undefined {
  const at = points.findIndex(p => p.loss <= target);
  if (at < 0 || Number.isNaN(target)) return undefined;
  const after = points[at]!, before = points[at - 1];
  if (before === undefined || !Number.isFinite(before.loss)) return after.step;
  const isPositive = after.loss > 0 && target > 0, scale = (loss: number): number => (isPositive ? Math.log(loss) : loss);
  const share = (scale(before.loss) - scale(target)) / (scale(before.loss) - scale(after.loss));
  if (before.step <= 0) return before.step + share * (after.step - before.step);
  return Math.exp(Math.log(before.step) + share * Math.log(after.step / before.step));
}

/**
 * Where our final loss at T is at most the baseline's: the baseline's steps to reach it over T. Else the inverse, by symmetry:
 * T over our steps to reach the baseline's loss at T.
 *
 * @param ours Our envelope, from T on.
 * @param ourLoss Our final smoothed loss at T.
 * @param baseline The baseline's envelope up to 4T.
 */
export function speedUp(steps: number, ourLoss: number, ours: readonly LossPoint[], baseline: readonly LossPoint[]): SpeedUp {
  const theirLoss = baseline.findLast(p => p.step <= steps)?.loss ?? Infinity;
  const theirSteps = stepsToReach(baseline, ourLoss), baselineSteps = theirSteps === undefined ? null : theirSteps / steps;
  // Both without a finite loss: neither is faster.
  if (!Number.isFinite(ourLoss) && !Number.isFinite(theirLoss)) return {value: 1, notReached: true, baselineSteps: null};
  if (ourLoss <= theirLoss) {
    // Not below 1: where the losses are equal, the baseline's minimum may be older.
    return {value: baselineSteps === null ? LARGEST_SPEED_UP : bounded(Math.max(1, baselineSteps)), notReached: baselineSteps === null, baselineSteps};
  }
  const ourSteps = stepsToReach(ours, theirLoss);
  return {value: ourSteps === undefined ? 1 / LARGEST_SPEED_UP : bounded(Math.min(1, steps / ourSteps)), notReached: ourSteps === undefined, baselineSteps};
}

function bounded(value: number): number {
  return Math.min(LARGEST_SPEED_UP, Math.max(1 / LARGEST_SPEED_UP, value));
}
