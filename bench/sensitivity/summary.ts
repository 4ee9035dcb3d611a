import {bootstrapInterQuartileMean} from '../../src/evaluation/statistics.js';
import {Random} from '../../src/random.js';
import type {Estimate} from '../../src/report/statistics.js';
import {mean} from '../../src/report/statistics.js';
import {toDigits} from '../support/numbers.js';
import type {Ending} from './runs.js';

/** What `numSteps` is set to, relative to the steps that are made; 0: omitted. Plans double, so that powers of two end in time: others do not. */
export const TOLD = [0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 4, 0] as const;
/** Share of the steps that averages of iterates look back over. */
export const AVERAGE_OVER = 0.1;
/** What the learned step, and Adam's tuned rate, are multiplied by. */
export const MULTIPLES = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8] as const;

/** Name of a setting in {@link TaskEndings}. */
export function settingKey(kind: 'told' | 'average' | 'learned' | 'adam', value: number): string {
  return `${kind} ${value}`;
}

/** All runs on one task, by setting, then by seed. */
export interface TaskEndings {
  readonly name: string;
  readonly steps: number;
  /** Adam's best rate by training loss. */
  readonly adamRate: number;
  readonly endings: ReadonlyMap<string, readonly Ending[]>;
}

/** One setting over all tasks. */
export interface SettingResult {
  /** See {@link TOLD} and {@link MULTIPLES}. */
  readonly value: number;
  /** Final training loss over that of tuned Adam: the inter-quartile geometric mean over tasks, with its 95 % bootstrap interval. */
  readonly toAdam: Estimate;
  /** The same over that of the learned optimizer as it comes: told the right number, and not multiplied. */
  readonly toOwn: Estimate;
  /** Share of tasks with a training loss no higher than tuned Adam's. */
  readonly noHigher: number;
  readonly divergedRuns: number;
}

/** One task: the learned optimizer as it comes over tuned Adam. */
export interface TaskComparison {
  readonly name: string;
  readonly steps: number;
  readonly adamRate: number;
  /** Geometric mean over seeds of the ratio of final training losses, and of validation losses with Adam tuned for those. */
  readonly train: number;
  readonly validation: number;
}

/** What `docs/results/sensitivity.json` holds. */
export interface SensitivityResult {
  readonly theta: string;
  readonly numTasks: number;
  readonly numSeeds: number;
  readonly numSteps: readonly SettingResult[];
  /** Told nothing, with losses at the mean of the iterates over the last share `value` of the steps. */
  readonly averaged: SettingResult;
  readonly learningRate: readonly SettingResult[];
  readonly adamRate: readonly SettingResult[];
  readonly tasks: readonly TaskComparison[];
}

/** Of the bootstrap. */
const SEED = 31;

/** Comparisons of all settings over all tasks. */
export function summarize(tasks: readonly TaskEndings[], theta: string): SensitivityResult {
  const adam = settingKey('adam', 1), own = settingKey('told', 1), numSeeds = tasks[0]!.endings.get(own)!.length;
  const over = (value: number, key: string): SettingResult => ({
    value, toAdam: ratio(tasks, key, adam), toOwn: ratio(tasks, key, own),
    noHigher: round(tasks.filter(({endings}) => logRatio(endings, key, adam, e => e.train) <= 0).length / tasks.length),
    divergedRuns: tasks.reduce((sum, {endings}) => sum + endings.get(key)!.filter(e => e.diverged).length, 0),
  });
  return {
    theta, numTasks: tasks.length, numSeeds,
    numSteps: TOLD.map(told => over(told, settingKey('told', told))),
    averaged: over(AVERAGE_OVER, settingKey('average', AVERAGE_OVER)),
    learningRate: MULTIPLES.map(multiple => over(multiple, settingKey('learned', multiple))),
    adamRate: MULTIPLES.map(multiple => over(multiple, settingKey('adam', multiple))),
    tasks: tasks.map(({name, steps, adamRate, endings}) => ({
      name, steps, adamRate,
      train: round(Math.exp(logRatio(endings, own, adam, e => e.train))),
      validation: round(Math.exp(logRatio(endings, own, 'adam by validation', e => e.validation))),
    })),
  };
}

/** Mean over seeds of the logarithm of the ratio of two settings' losses. @param seeds Default: all, once. */
function logRatio(endings: TaskEndings['endings'], of: string, to: string, loss: (ending: Ending) => number, seeds?: readonly number[]): number {
  const ours = endings.get(of)!, theirs = endings.get(to)!;
  return mean((seeds ?? ours.map((_, i) => i)).map(seed => loss(ours[seed]!) - loss(theirs[seed]!)));
}

function ratio(tasks: readonly TaskEndings[], of: string, to: string): Estimate {
  const {mean: center, low, high} = bootstrapInterQuartileMean(tasks.map(({endings}) => ({
    numSeeds: endings.get(of)!.length, value: seeds => logRatio(endings, of, to, e => e.train, seeds),
  })), new Random(SEED));
  return {mean: round(Math.exp(center)), low: round(Math.exp(low)), high: round(Math.exp(high))};
}

function round(value: number): number {
  return toDigits(value, 4);
}
