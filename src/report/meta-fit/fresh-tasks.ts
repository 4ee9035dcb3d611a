import {logLossScore} from '../../meta/objective.js';
import {sampleTask, type LocatedFamily} from '../../meta/ops-pair.js';
import type {Random} from '../../random.js';
import {openRollout} from '../../rollout/open-rollout.js';
import type {Rollout, RolloutOptions} from '../../rollout/rollout.js';
import type {Split} from '../../tasks/task-family.js';
import {mean} from '../statistics.js';

/** Rates that Adam is tuned over: two per decade. */
export const ADAM_RATES = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1] as const;
/** Points of a loss curve, beside its start. */
const NUM_POINTS = 50;

/** How tasks are run for a report. */
export interface FreshTaskPlan {
  readonly family: LocatedFamily;
  /** Source of the tasks' seeds. */
  readonly random: Random;
  readonly numSteps: number;
  /** Part of the data that losses are of. */
  readonly on: Split;
}

/** Losses of one training run by step; not finite from where it diverged. */
export type LossCurve = ReadonlyArray<{readonly step: number; readonly loss: number}>;

/** What trains in a run: a theta, or Adam at a rate. */
export type Trainer = {readonly theta: Float32Array; readonly options: Omit<RolloutOptions, 'learningRate'>} | {readonly adamRate: number};

/** Adam's search for its rate. */
export interface AdamSearch {
  readonly rate: number;
  /** Mean score of each rate over the tuning tasks; lower is better. */
  readonly scores: ReadonlyArray<{readonly rate: number; readonly score: number}>;
}

/** One run on a task of the plan's family, from its start to `numSteps`. */
export function lossCurve(plan: FreshTaskPlan, taskName: string, trainer: Trainer): LossCurve {
  const rollout = openFresh(plan, taskName, trainer), {numSteps, on} = plan;
  try {
    const curve = [{step: 0, loss: rollout.evaluate(on).loss}], losses = new Float32Array(numSteps);
    let isRunning = true;
    for (let point = 1, step = 0; point <= NUM_POINTS; point++) {
      const next = Math.round((point * numSteps) / NUM_POINTS);
      if (next === step) continue;
      isRunning = isRunning && rollout.run(next - step, losses) === next - step;
      curve.push({step: next, loss: isRunning ? rollout.evaluate(on).loss : Infinity});
      step = next;
    }
    return curve;
  } finally {
    rollout.dispose();
  }
}

/** Starts a run on the task of this name: the same name gives the same task. The caller disposes it. */
export function openFresh({family, random, numSteps}: FreshTaskPlan, taskName: string, trainer: Trainer): Rollout {
  const {seed} = random.fork(taskName), origin = {family: family.family.name, module: family.module, seed};
  const options: RolloutOptions = 'theta' in trainer ? {...trainer.options, learningRate: 1} : {rule: 'adam', learningRate: trainer.adamRate, horizon: numSteps, hasLoss: true};
  const rollout = openRollout(sampleTask(family, seed), origin, options);
  if ('theta' in trainer) rollout.setTheta(trainer.theta);
  return rollout;
}

/** Mean score of a curve after its start, or of its end alone; relative to its first loss, lower is better. */
export function scoreCurve(curve: LossCurve, over: 'mean' | 'final'): number {
  const first = curve[0]!.loss, score = ({loss}: LossCurve[number]): number => logLossScore(Number.isFinite(loss) ? loss : Infinity, first);
  return over === 'final' ? score(curve.at(-1)!) : mean(curve.slice(1).map(score));
}

/** The best of {@link ADAM_RATES} by what has been seen of each. @param curves Of each rate, one on each tuning task. */
export function bestAdamRate(curves: ReadonlyMap<number, readonly LossCurve[]>, over: 'mean' | 'final'): AdamSearch {
  const scores = [...curves].map(([rate, list]) => ({rate, score: mean(list.map((curve) => scoreCurve(curve, over)))}));
  return {rate: scores.reduce((best, found) => (found.score < best.score ? found : best)).rate, scores};
}
