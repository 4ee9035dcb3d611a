import {flatnessTerm} from '../flatness/create-term.js';
import type {FlatnessConfig, FlatnessTerm} from '../flatness/flatness-term.js';
import type {LossProbe} from '../flatness/loss-probe.js';
import {type Random} from '../random.js';

/** A flatness penalty in the objective of windows. */
export interface WindowFlatness {
  readonly term: FlatnessTerm;
  /** Points of a window, as shares of its steps above 0, at most 1; the penalty is the mean over them. */
  readonly at: readonly number[];
}

/** A {@link WindowFlatness} as plain data. */
export interface FlatnessPlan {
  readonly config: FlatnessConfig;
  readonly at: readonly number[];
}

/** The penalty that a plan describes. @throws L2OError as `flatnessTerm`. */
export function openFlatness(plan: FlatnessPlan | undefined): WindowFlatness | undefined {
  return plan === undefined ? undefined : {term: flatnessTerm(plan.config), at: plan.at};
}

/** Steps of a window after which the penalty is taken: ascending, each from 1 to `steps`. */
export function flatnessPoints({at}: Pick<WindowFlatness, 'at'>, steps: number): number[] {
  return [...new Set(at.map(share => Math.max(1, Math.round(share * steps))))].sort((a, b) => a - b);
}

/** The penalties of a task, if there are any. @param random The task's own, from which theirs is forked. */
export function taskFlatness(flatness: WindowFlatness | undefined, random: Random): TaskFlatness | undefined {
  return flatness === undefined ? undefined : new TaskFlatness(flatness, random.fork('flatness'));
}

/** The penalties of one task's rollouts: both of a pair are perturbed alike at each step, whoever runs them. */
export class TaskFlatness {
  /** @param random The task's own. */
  constructor(readonly flatness: WindowFlatness, private readonly random: Random) {}

  /** The penalty after `step` steps of the run; not finite where it has none. */
  value(probe: LossProbe, step: number): number {
    return this.flatness.term.value(probe, this.random.fork(step));
  }

  /** The same with its gradient with respect to the parameters, or `undefined` where either is not finite. */
  gradient(probe: LossProbe, step: number): {readonly value: number; readonly gradient: Float32Array} | undefined {
    const found = this.flatness.term.gradient(probe, this.random.fork(step));
    return Number.isFinite(found.value) && found.gradient.every(Number.isFinite) ? found : undefined;
  }
}
