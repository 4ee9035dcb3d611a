import {mean} from '../report/statistics.js';
import type {Random} from '../random.js';
import {areas, compare, diverged, finalLosses, speedUpOver} from './comparison.js';
import type {Contender} from './contender.js';
import {WRONG_PLANS, type TaskRuns, type WrongPlan} from './evaluate-task.js';
import type {ComparisonResult, CurveResult, DivergedRuns, EvaluationResult, OptimizerResult, SensitivityResult, SpeedUpSummary, TaskResult} from './result.js';
import {bootstrapInterQuartileMean, interQuartileMean} from './statistics.js';
import type {SuiteTask} from './suite.js';

/** A finished task. */
export interface FinishedTask {
  readonly task: SuiteTask;
  readonly runs: TaskRuns;
}

/** Tables and curves of one task. */
export function taskResult({task: {name, dataset, architecture, loss, steps}, runs: {ours, others}}: FinishedTask): TaskResult {
  const ourDiverged = diverged(ours), adamDiverged = diverged(others.get('adamDefault')!);
  const all: Array<[string, Contender]> = [['learned', ours], ...others];
  return {
    name, dataset, architecture, loss, steps,
    optimizers: Object.fromEntries(all.map(([key, contender]) => [key, optimizerResult(contender)])),
    comparisons: Object.fromEntries([...others].map(([key, theirs]): [string, ComparisonResult] => {
      const {speedUp: {value, notReached, baselineSteps}, isNoWorse, isNoWorseAsTuned} = compare(steps, ours, theirs);
      return [key, {speedup: value, notReached, otherSteps: baselineSteps, noWorse: isNoWorse, noWorseAsTuned: isNoWorseAsTuned}];
    })),
    divergedBeyondAdam: ourDiverged.filter((has, i) => has && !adamDiverged[i]!).length,
  };
}

function optimizerResult(contender: Contender): OptimizerResult {
  const {validation, bestValidation, tuning} = contender, trainLosses = finalLosses(contender), validationLosses = validation.map(({loss}) => loss);
  const accuracies = validation.map(({accuracy}) => accuracy).filter(a => a !== undefined);
  return {
    trainLoss: orNull(mean(trainLosses)), trainLosses: trainLosses.map(orNull),
    validationLoss: orNull(mean(validationLosses)), validationLosses: validationLosses.map(orNull), bestValidationLoss: orNull(mean(bestValidation)),
    validationAccuracy: accuracies.length === 0 ? null : mean(accuracies), area: orNull(mean(areas(contender))),
    diverged: diverged(contender).filter(Boolean).length,
    tuning: tuning === undefined ? null : {rates: tuning.byHorizon, rateByValidation: tuning.byValidation, innerSteps: tuning.innerSteps, seconds: tuning.seconds},
    curve: curveResult(contender),
  };
}

function curveResult({curve: {steps, losses}}: Contender): CurveResult {
  const at = steps.map((_, i) => losses.map(train => train[i]!));
  return {steps, mean: at.map(x => orNull(mean(x))), low: at.map(x => orNull(Math.min(...x))), high: at.map(x => orNull(Math.max(...x)))};
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Speed-up over one other optimizer, over all tasks. */
export function summarizeSpeedUp(tasks: readonly FinishedTask[], name: string, random: Random): SpeedUpSummary | null {
  if (tasks.length === 0) return null;
  const {mean: iqm, low, high} = bootstrapInterQuartileMean(tasks.map(({task: {steps}, runs: {ours, others}}) => ({
    numSeeds: ours.validation.length, value: seeds => speedUpOver(steps, ours, others.get(name)!, seeds).value,
  })), random);
  const notReached = tasks.filter(({task: {steps}, runs: {ours, others}}) => compare(steps, ours, others.get(name)!).speedUp.notReached);
  return {iqm, low, high, notReached: notReached.map(({task}) => task.name)};
}

/** Runs of ours, of all lengths, that diverged: as it is told the right number of steps, and with each wrong plan that was run. */
export function divergedByPlan(tasks: readonly FinishedTask[]): EvaluationResult['divergedByPlan'] {
  const count = (contenders: ReadonlyArray<{readonly told: Contender; readonly right: Contender}>): DivergedRuns => {
    const runs = contenders.flatMap(({told, right}) => told.branches.flatMap(({losses}) => losses.map((run, i) => run.at(-1)! <= right.curve.losses[i]![0]!)));
    return {numRuns: runs.length, diverged: runs.filter(isFine => !isFine).length};
  };
  const plans = (Object.keys(WRONG_PLANS) as WrongPlan[]).filter(plan => tasks.some(({runs}) => runs.wrongPlans.has(plan)));
  return {
    right: count(tasks.map(({runs: {ours}}) => ({told: ours, right: ours}))),
    ...Object.fromEntries(plans.map(plan => [plan, count(tasks.map(({runs: {ours, wrongPlans}}) => ({told: wrongPlans.get(plan)!, right: ours})))])),
  };
}

/** What wrong numbers of steps change in the speed-up over one other optimizer. */
export function summarizeSensitivity(tasks: readonly FinishedTask[], name: string): SensitivityResult {
  const iqmOf = (pick: (runs: TaskRuns) => Contender): number => interQuartileMean(tasks.map(({task: {steps}, runs}) => {
    const ours = pick(runs);
    return speedUpOver(steps, ours, runs.others.get(name)!, ours.validation.map((_, i) => i)).value;
  }));
  const right = iqmOf(({ours}) => ours), plans = Object.keys(WRONG_PLANS) as WrongPlan[];
  const iqm = Object.fromEntries(plans.map(plan => [plan, iqmOf(({wrongPlans}) => wrongPlans.get(plan)!)])) as Record<WrongPlan, number>;
  return {iqm, largestChange: Math.max(...Object.values(iqm).map(x => Math.abs(x - right) / right))};
}
