import {tInterval, type Estimate} from '../../report/statistics.js';
import type {CurvePoint, TrainingRun} from './training-run.js';

/** The runs of one optimizer, one per seed; every optimizer's runs are in the same order of seeds. */
export interface OptimizerRuns {
  readonly name: OptimizerName;
  /** For people. */
  readonly label: string;
  /** Null for an optimizer that needs none. */
  readonly learningRate: number | null;
  readonly runs: readonly TrainingRun[];
}

/** The three that the demo compares. */
export type OptimizerName = 'learned' | 'adam-default' | 'adam-tuned';

/** What an optimizer's runs came to, over the seeds. */
export interface OptimizerSummary extends OptimizerRuns {
  readonly trainLoss: Estimate;
  readonly validationLoss: Estimate;
  readonly validationAccuracy: Estimate;
  readonly testAccuracy: Estimate;
  /** Training time of one run. */
  readonly seconds: Estimate;
  readonly stepsToDefaultAdam: StepsToReach;
  readonly stepsToTunedAdam: StepsToReach;
}

/** After how many steps the runs were as low as another optimizer's final training loss with the same seed. */
export interface StepsToReach {
  readonly numReached: number;
  readonly numRuns: number;
  /** Over the seeds; null where a run never got there, since a mean over the others would flatter. */
  readonly steps: Estimate | null;
}

/** Sums up the runs; the two Adams among them are what steps are counted to. */
export function summarize(all: readonly OptimizerRuns[]): OptimizerSummary[] {
  const targetsOf = (wanted: OptimizerName): readonly number[] =>
    all.find(({name}) => name === wanted)?.runs.map((run) => run.trainLoss) ?? [];
  const defaultTargets = targetsOf('adam-default'), tunedTargets = targetsOf('adam-tuned');
  return all.map((optimizer) => {
    const estimate = (value: (run: TrainingRun) => number): Estimate => tInterval(optimizer.runs.map(value));
    return {
      ...optimizer,
      trainLoss: estimate((run) => run.trainLoss),
      validationLoss: estimate((run) => run.validationLoss),
      validationAccuracy: estimate((run) => run.validationAccuracy),
      testAccuracy: estimate((run) => run.testAccuracy),
      seconds: estimate((run) => run.seconds),
      stepsToDefaultAdam: stepsToReach(optimizer.runs, defaultTargets),
      stepsToTunedAdam: stepsToReach(optimizer.runs, tunedTargets),
    };
  });
}

/** @param targets The loss to reach, for each run. */
export function stepsToReach(runs: readonly TrainingRun[], targets: readonly number[]): StepsToReach {
  const steps = runs.map((run, i) => firstStepAtOrBelow(run.curve, targets[i]!));
  const reached = steps.filter((step) => step !== undefined);
  const isComplete = reached.length === runs.length && runs.length > 0;
  return {numReached: reached.length, numRuns: runs.length, steps: isComplete ? tInterval(reached) : null};
}

/** The first evaluated step whose loss is at most `target`. */
export function firstStepAtOrBelow(curve: readonly CurvePoint[], target: number): number | undefined {
  return curve.find(({loss}) => loss <= target)?.step;
}

/** A point of the mean curve over several runs, with the lowest and the highest of them. */
export interface MeanCurvePoint {
  readonly step: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** @param curves Evaluated at the same steps. */
export function meanCurve(curves: readonly (readonly CurvePoint[])[]): MeanCurvePoint[] {
  return (curves[0] ?? []).map(({step}, i) => {
    const losses = curves.map((curve) => curve[i]!.loss);
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    return {step, mean, low: Math.min(...losses), high: Math.max(...losses)};
  });
}
