import {formatDuration, formatEstimate, formatNumber, formatPercent} from '../../report/format.js';
import type {Estimate} from '../../report/statistics.js';
import type {Table} from '../../report/table.js';
import type {DemoOptions} from '../args.js';
import type {Environment} from '../environment.js';
import type {DemoDataset} from './datasets.js';
import {gridRate, FIRST_GRID} from './rate-search.js';
import {NUM_SEARCH_SEEDS, NUM_SEEDS, type AdamTuning, type DemoResult} from './run-demo.js';
import type {OptimizerSummary, StepsToReach} from './summary.js';
import type {DataSplits, TrainingPlan} from './training-run.js';

/** A finished demo with everything it was run under. */
export interface FinishedDemo {
  readonly options: DemoOptions;
  readonly dataset: Pick<DemoDataset, 'title' | 'familiarity'>;
  readonly splits: DataSplits;
  readonly plan: TrainingPlan;
  readonly environment: Environment;
  readonly result: DemoResult;
  /** Of the whole command. */
  readonly totalSeconds: number;
}

/** One row per optimizer: means over the seeds with 95 % intervals. */
export function resultTable(optimizers: readonly OptimizerSummary[]): Table {
  return {
    columns: [
      {title: 'Optimizer', align: 'left'},
      {title: 'Train loss'},
      {title: 'Validation loss'},
      {title: 'Validation accuracy %'},
      {title: 'Test accuracy %'},
      {title: 'Steps to default Adam’s loss'},
      {title: 'Steps to tuned Adam’s loss'},
      {title: 'Seconds a run'},
    ],
    rows: optimizers.map((optimizer) => [
      labelWithRate(optimizer),
      formatEstimate(optimizer.trainLoss),
      formatEstimate(optimizer.validationLoss),
      formatPercent(optimizer.validationAccuracy),
      formatPercent(optimizer.testAccuracy),
      formatSteps(optimizer.stepsToDefaultAdam),
      formatSteps(optimizer.stepsToTunedAdam),
      formatEstimate(optimizer.seconds, 2),
    ]),
  };
}

/** The label, with the learning rate where there is one. */
export function labelWithRate({label, learningRate}: Pick<OptimizerSummary, 'label' | 'learningRate'>): string {
  return learningRate === null ? label : `${label} (${formatNumber(learningRate)})`;
}

function formatSteps({steps, numReached, numRuns}: StepsToReach): string {
  if (steps !== null) return `${Math.round(steps.mean)} ± ${Math.round(steps.high - steps.mean)}`;
  return numReached === 0 ? 'never' : `${numReached} of ${numRuns}`;
}

/** What the comparison says, in sentences: the good and the bad alike. */
export function findings({tuning, lossOverDefaultAdam, lossOverTunedAdam}: DemoResult): string[] {
  return [
    `The learned optimizer’s final training loss ${compared(lossOverTunedAdam, 'tuned Adam')}, and ` +
      `${compared(lossOverDefaultAdam, 'default Adam')}.`,
    `Tuning Adam took ${tuning.scores.length} rates × ${NUM_SEARCH_SEEDS} runs = ${tuning.numSteps} steps and ` +
      `${formatDuration(tuning.seconds)}; the learned optimizer was not tuned on this task.${wideningNote(tuning)}`,
  ];
}

function wideningNote({numWidened, isAtEdge}: AdamTuning): string {
  const widened = numWidened === 0 ? '' : ` The grid was widened by ${numWidened}.`;
  return isAtEdge ? `${widened} The best rate still lies at the edge of the widest grid.` : widened;
}

function compared({mean, low, high}: Estimate, other: string): string {
  if (!Number.isFinite(mean)) return `cannot be compared with that of ${other}`;
  const interval = Number.isFinite(low) ? ` (95 % interval ${formatNumber(low, 2)} to ${formatNumber(high, 2)})` : '';
  return `is ${formatNumber(mean, 2)} × that of ${other}${interval}`;
}

/** How the numbers came about, as names and values. */
export function configuration({options, dataset, splits, plan}: FinishedDemo): (readonly [string, string])[] {
  const {train, validation, test} = splits;
  return [
    ['Data', `${dataset.title}: ${train.numExamples} training, ${validation.numExamples} validation, ${test.numExamples} test images`],
    ['Network', `${[train.numFeatures, ...plan.hiddenSizes, train.numClasses].join('-')}, relu, softmax; cross-entropy loss`],
    ['Training', `${plan.numSteps} steps of ${plan.batchSize} images through model.compile and model.fit`],
    ['Seeds', `${NUM_SEEDS} runs from seed ${options.seed}; with the same seed all optimizers start from the same weights ` +
      'and see the same batches'],
    ['Training loss', `over the whole training set, every ${plan.stepsPerPoint} steps`],
    ['Learned optimizer', dataset.familiarity],
    ['Adam’s rate', `constant in a run; of the half-decade grid ${gridRate(FIRST_GRID.low)} to ${gridRate(FIRST_GRID.high)}, by the final ` +
      `validation loss of ${NUM_SEARCH_SEEDS} runs with seeds of their own, widened while the best lies at an edge`],
    ['Steps to a loss', 'first evaluated step at which a run is as low as that Adam ends with the same seed; where not every run gets ' +
      'there, how many do'],
    ['Seconds a run', 'inside model.fit, evaluations left out'],
    ['±', `95 % t-interval over the ${NUM_SEEDS} seeds`],
  ];
}

/** The software and the machine, without anything that names a person or a place. */
export function environmentEntries({environment}: FinishedDemo): (readonly [string, string])[] {
  return [
    ['tfjs-l2o', environment.package],
    ['TensorFlow.js', `${environment.tfjs}, ${environment.backend} backend`],
    ['Node.js', `${environment.node}, ${environment.platform}`],
  ];
}
