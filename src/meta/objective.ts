import {logObjective} from '../step-size/log-objective.js';
import type {Split} from '../tasks/task-family.js';

/** Loss above this multiple of the first counts as this: a diverged rollout cannot outweigh all others. */
const WORST = 5;
/** Loss below this share of the first gains nothing more. */
const BEST = 0.001;
/** Losses much smaller than this share of the first are told apart no more by `logPerStep`: float32 does not resolve them. */
const RESOLUTION = 1e-9;
/** The largest loss that counts, relative to the first, where nothing lower caps it. */
const LARGEST_RATIO = 1e30;
/** `final` looks at this share of the run's steps: one batch alone would be noise. */
const TAIL = 0.1;

/** Steps at the end of a run that `final` looks at. */
export function tailSteps(total: number): number {
  return Math.max(1, Math.round(TAIL * total));
}

/** Forms of the score of one loss. */
export const OBJECTIVE_KINDS = ['logLoss', 'loss', 'logPerStep'] as const;

/**
 * How one loss ℓ is scored; lower is better. ℓ₀ is the run's first loss, s = |ℓ₀| or 1 where that is 0, t the steps made.
 *
 * - `logLoss`: log(ℓ/ℓ₀ + 0.001), ℓ/ℓ₀ cut at 0 and 5. Halving a small loss counts as much as halving a large one. Where ℓ₀ ≤ 0
 *   there is no ratio: asinh((ℓ − ℓ₀)/s), which is a logarithm of large rises and falls and works for any sign.
 * - `loss`: ℓ itself, whatever its sign, cut at ℓ₀ + 4s. Tasks with large losses weigh more.
 * - `logPerStep`: (1/t)·log(ℓ/s), with an asinh that goes smoothly on where ℓ reaches 0 or below. Its meta-gradient stays
 *   polynomially bounded over horizons where that of the loss explodes or vanishes (Wang et al. 2021, arXiv 2006.16495).
 */
export type ObjectiveKind = (typeof OBJECTIVE_KINDS)[number];

/** Which steps of a run count. */
export const OBJECTIVE_RANGES = ['mean', 'late', 'final'] as const;

/** Data that losses are scored on. */
export const OBJECTIVE_DATA = ['train', 'validation', 'both'] as const satisfies ReadonlyArray<Split | 'both'>;

/** What a rollout is scored by. */
export interface Objective {
  readonly kind: ObjectiveKind;
  /** The mean over all steps; that mean with late steps weighing more, up to four times the first; or over the last tenth of the run alone. */
  readonly over: (typeof OBJECTIVE_RANGES)[number];
  /** Losses on the batches that the rule trained on, or on validation batches at the end of each window, or the mean of both scores. */
  readonly on: (typeof OBJECTIVE_DATA)[number];
}

/** Score of one training loss relative to the run's first: log of the loss ratio, bounded at both ends. Lower is better. */
export function logLossScore(loss: number, first: number): number {
  if (!(first > 0)) {
    const scale = scaleOf(first);
    return Math.asinh(Math.min(WORST - 1, orWorst(loss - first) / scale));
  }
  const ratio = loss / first;
  return Math.log((ratio < WORST ? Math.max(ratio, 0) : WORST) + BEST);
}

/** Score of a loss by an {@link ObjectiveKind}; always finite for a finite `first`. Any loss that is not finite scores worst. */
export function scoreLoss(kind: ObjectiveKind, loss: number, first: number, step: number): number {
  const scale = scaleOf(first);
  switch (kind) {
    case 'logLoss': return logLossScore(Number.isFinite(loss) ? loss : Infinity, first);
    case 'loss': return Math.min(orWorst(loss), first + (WORST - 1) * scale);
    case 'logPerStep': return logObjective({value: Math.min(orWorst(loss) / scale, LARGEST_RATIO), derivative: 0, logScale: 0}, Math.max(1, step), RESOLUTION).objective;
  }
}

/**
 * Derivative of {@link scoreLoss} with respect to a finite loss, for backpropagation. Above the score's upper bound it is that
 * of the score without the bound: a loss that is too high must still say which way is down.
 */
export function scoreSlope(kind: ObjectiveKind, loss: number, first: number, step: number): number {
  const scale = scaleOf(first), ratio = loss / first;
  switch (kind) {
    case 'logLoss': return !(first > 0) ? 1 / Math.hypot(scale, loss - first) : ratio > 0 ? 1 / (loss + BEST * first) : 0;
    case 'loss': return 1;
    case 'logPerStep': return logObjective({value: Math.min(loss / scale, LARGEST_RATIO), derivative: 1 / scale, logScale: 0}, Math.max(1, step), RESOLUTION).gradient;
  }
}

/** NaN and the infinities are all signs of divergence: none may pass for a very low loss. */
function orWorst(loss: number): number {
  return Number.isFinite(loss) ? loss : Infinity;
}

function scaleOf(first: number): number {
  return Math.abs(first) || 1;
}

/** What one window of a rollout left to be scored. */
export interface WindowLosses {
  /** Losses before each step. */
  readonly losses: Float32Array;
  /** Steps asked for, and steps made: fewer where the run diverged. */
  readonly steps: number;
  readonly made: number;
  /** Steps of the run before this window, and of the whole run. */
  readonly before: number;
  readonly total: number;
  /** The run's first loss. */
  readonly first: number;
  /** Loss on validation batches after the window, for any `on` but 'train'. */
  readonly validation: number | undefined;
}

/** How much step `step` of `total` weighs; the mean over a run is 1. */
export function stepWeight(over: Objective['over'], step: number, total: number): number {
  return over === 'late' ? 0.5 + 1.5 * ((step + 0.5) / total) ** 2 : 1;
}

/** What all steps from `done` on weigh together, of 1 for the whole run. */
export function weightLeft(over: Objective['over'], done: number, total: number): number {
  const f = done / total;
  return over === 'late' ? 1 - 0.5 * (f + f ** 3) : 1 - f;
}

/**
 * The score of a window; steps that a diverged run has not made score worst. For `mean` it is the mean over the window's
 * steps, for `late` that of the weighted ones; for `final` the window's share of the run's final score: the scores of all windows of a run add up to that.
 */
export function scoreWindow({kind, over, on}: Objective, window: WindowLosses): number {
  if (on === 'both') return (scoreWindow({kind, over, on: 'train'}, window) + scoreWindow({kind, over, on: 'validation'}, window)) / 2;
  const {losses, steps, made, before, total, first, validation} = window, diverged = made < steps, counted = over === 'final' ? tailSteps(total) : steps;
  const start = over === 'final' ? total - counted : 0;
  // A run that ends early has no last tenth, and must not get away with that.
  if (diverged && over === 'final') return scoreLoss(kind, Infinity, first, before + made + 1);
  if (on === 'validation') {
    if (over === 'final' && before + steps < total) return 0;
    return stepWeight(over, before + steps / 2, total) * scoreLoss(kind, diverged ? Infinity : validation!, first, before + steps);
  }
  let sum = 0;
  for (let k = 0; k < steps; k++) {
    const step = before + k;
    if (step >= start) sum += stepWeight(over, step, total) * scoreLoss(kind, k < made ? losses[k]! : Infinity, first, step);
  }
  return sum / counted;
}
