import {titleOf} from '../../evaluation/optimizers.js';
import type {EvaluationResult, OptimizerResult} from '../../evaluation/result.js';
import {formatNumber} from '../format.js';
import type {Table} from '../table.js';

/** Names of the optimizers that ours is compared with, in order. */
export function othersOf(result: Pick<EvaluationResult, 'speedup'>): string[] {
  return Object.keys(result.speedup);
}

/** One row per other optimizer: ours beside it, over all tasks. */
export function summaryTable(result: EvaluationResult): Table {
  const {speedup, noWorse, noWorseAsTuned, diverged, cost} = result, tuningSteps: Readonly<Record<string, number | undefined>> = cost.tuningSteps;
  return {
    columns: [
      {title: 'Ours beside', align: 'left'}, {title: 'Speed-up (IQM)'}, {title: '95 % interval'}, {title: 'Tasks not reached'},
      {title: 'Tasks no worse %'}, {title: 'Where tuned by training loss %'}, {title: 'Its diverged runs'}, {title: 'Steps to tune it'},
    ],
    rows: othersOf(result).map(name => {
      const summary = speedup[name], percent = (share: number | null | undefined): string => (share === null || share === undefined ? '–' : `${Math.round(100 * share)}`);
      return [
        titleOf(name), formatOr(summary?.iqm), summary === null || summary === undefined ? '–' : `${formatNumber(summary.low)} to ${formatNumber(summary.high)}`,
        `${summary?.notReached.length ?? 0}`, percent(noWorse[name]), percent(noWorseAsTuned[name]), `${diverged[name] ?? 0}`, formatOr(tuningSteps[name]),
      ];
    }),
  };
}

/** One row per task: speed-ups, with a star where a final loss was never reached, and final losses beside tuned Adam's. */
export function taskTable(result: EvaluationResult): Table {
  const others = othersOf(result), rival = others.includes('adam') ? 'adam' : others[0]!;
  return {
    columns: [
      {title: 'Task', align: 'left'}, {title: 'Steps'}, ...others.map(name => ({title: `× ${titleOf(name)}`})),
      {title: 'Train loss'}, {title: `${titleOf(rival)}’s`}, {title: 'Validation loss'}, {title: `${titleOf(rival)}’s`}, {title: 'No worse'}, {title: 'Diverged'},
    ],
    rows: result.tasks.map(({name, steps, optimizers, comparisons}) => {
      const ours = optimizers.learned!, theirs = optimizers[rival]!;
      return [
        name, `${steps}`, ...others.map(other => `${formatNumber(comparisons[other]!.speedup)}${comparisons[other]!.notReached ? '*' : ''}`),
        formatOr(ours.trainLoss), formatOr(theirs.trainLoss), formatOr(ours.bestValidationLoss), formatOr(theirs.bestValidationLoss),
        comparisons[rival]!.noWorse ? 'yes' : 'no', `${ours.diverged}`,
      ];
    }),
  };
}

/** One row per optimizer of one task. */
export function optimizerTable(optimizers: Readonly<Record<string, OptimizerResult>>): Table {
  return {
    columns: [
      {title: 'Optimizer', align: 'left'}, {title: 'Rate at T'}, {title: 'Train loss'}, {title: 'Validation loss'}, {title: 'Validation loss, tuned for it'},
      {title: 'Validation accuracy %'}, {title: 'Area under log-loss curve'}, {title: 'Diverged'},
    ],
    rows: Object.entries(optimizers).map(([name, {tuning, trainLoss, validationLoss, bestValidationLoss, validationAccuracy, area, diverged}]) => [
      titleOf(name), formatOr(tuning?.rates[2]), formatOr(trainLoss), formatOr(validationLoss), formatOr(bestValidationLoss),
      validationAccuracy === null ? '–' : (100 * validationAccuracy).toFixed(1), formatOr(area), `${diverged}`,
    ]),
  };
}

/** One row per baseline: what wrong numbers of steps make of the speed-up over it. */
export function sensitivityTable({sensitivity, speedup}: EvaluationResult): Table | undefined {
  if (sensitivity === null) return undefined;
  return {
    columns: [{title: 'Speed-up over', align: 'left'}, {title: 'Told T'}, {title: 'Told T/2'}, {title: 'Told 2T'}, {title: 'Told nothing'}, {title: 'Largest change %'}],
    rows: Object.entries(sensitivity).map(([name, {iqm, largestChange}]) => [
      titleOf(name), formatOr(speedup[name]?.iqm), formatNumber(iqm.half), formatNumber(iqm.double), formatNumber(iqm.omitted), (100 * largestChange).toFixed(1),
    ]),
  };
}

/** A number, or a dash where there is none, as for losses that are not finite. */
export function formatOr(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : formatNumber(value);
}
