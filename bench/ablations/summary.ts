import {mean} from '../../src/report/statistics.js';
import {toDecimals} from '../support/numbers.js';
import type {Scores} from './judge.js';
import type {Variant} from './variants.js';

/** A mean over tasks with its standard error. */
export interface TaskMean {
  readonly mean: number;
  readonly standardError: number;
}

/** What one twin came to; all seeds are taken together task by task. Negative differences are in its favour. */
export interface AblationRow {
  readonly name: string;
  readonly change: string;
  readonly seeds: readonly number[];
  /** Scores less those of Adam, tuned on each task. */
  readonly toAdam: {readonly curve: TaskMean; readonly final: TaskMean};
  /** Scores less those of the unchanged recipe on the same tasks; absent for the recipe itself, and where it has not been run. */
  readonly toRecipe?: {readonly curve: TaskMean; readonly final: TaskMean};
  /** Means over tasks of the difference to Adam, seed by seed. */
  readonly bySeed: ReadonlyArray<{readonly curve: number; readonly final: number}>;
  /** Runs of validation tasks. */
  readonly diverged: number;
  /** On the suite `validation`, over tuned Adam, seed by seed: inter-quartile mean speed-up, and share of tasks with a validation loss no worse. Absent where the suite cannot run it. */
  readonly speedup?: readonly number[];
  readonly noWorse?: readonly number[];
  /** Logarithm of the validation losses there over those of the recipe, a factor of ten at most either way. */
  readonly validationToRecipe?: TaskMean;
}

/** What `docs/results/ablations.json` holds. */
export interface AblationResult {
  /** Of each twin, in millions. */
  readonly innerSteps: number;
  readonly numTasks: number;
  /** Seeds of meta-training that were asked for. */
  readonly seeds: readonly number[];
  readonly rows: readonly AblationRow[];
}

/** A finished twin. */
export interface Judged {
  readonly variant: Variant;
  readonly seed: number;
  readonly scores: readonly Scores[];
  readonly suite: SuiteScores | undefined;
}

/** What the suite `validation` gives of a twin. */
export interface SuiteScores {
  readonly speedup: number;
  readonly noWorse: number;
  /** Of each task; `null` where it is not finite. */
  readonly validationLosses: ReadonlyArray<number | null>;
}

/** Rows of all variants that at least one seed is finished of, each beside the recipe with the same seeds. */
export function rowsOf(variants: readonly Variant[], judged: readonly Judged[], adam: readonly Scores[]): AblationRow[] {
  const of = (name: string): Judged[] => judged.filter(({variant}) => variant.name === name);
  return variants.filter(({name}) => of(name).length > 0).map(({name, change}) => {
    const ours = of(name), seeds = ours.map(({seed}) => seed), recipe = of('recipe').filter(({seed}) => seeds.includes(seed));
    const suite = ours.flatMap(one => one.suite ?? []), recipeSuite = recipe.flatMap(one => one.suite ?? []);
    const isComparable = name !== 'recipe' && recipe.length === ours.length, hasSuite = suite.length === ours.length;
    return {
      name, change, seeds, toAdam: both(ours, adam),
      ...isComparable && {toRecipe: both(ours, adam.map((_, task) => ({curve: atTask(recipe, task, 'curve'), final: atTask(recipe, task, 'final')})))},
      bySeed: ours.map(one => ({curve: both([one], adam).curve.mean, final: both([one], adam).final.mean})),
      diverged: ours.reduce((sum, {scores}) => sum + scores.filter(s => s.diverged).length, 0),
      ...hasSuite && {speedup: suite.map(one => round(one.speedup)), noWorse: suite.map(one => round(one.noWorse))},
      ...isComparable && hasSuite && recipeSuite.length === suite.length && {validationToRecipe: logRatios(suite, recipeSuite)},
    };
  });
}

type Score = 'curve' | 'final';
/** Ratios of losses count up to here: tasks whose loss falls to nothing must not outweigh all others. */
const FARTHEST = Math.log(10);

function both(ours: readonly Judged[], others: ReadonlyArray<Readonly<Record<Score, number>>>): Record<Score, TaskMean> {
  const difference = (score: Score): TaskMean => taskMean(others.map((other, task) => atTask(ours, task, score) - other[score]));
  return {curve: difference('curve'), final: difference('final')};
}

/** Mean over seeds of a score on one task. */
function atTask(judged: readonly Judged[], task: number, score: Score): number {
  return mean(judged.map(({scores}) => scores[task]![score]));
}

/** Task by task, mean over seeds. */
function logRatios(ours: readonly SuiteScores[], recipe: readonly SuiteScores[]): TaskMean {
  const log = (loss: number | null, other: number | null): number => (loss === null ? FARTHEST : other === null ? -FARTHEST : Math.log(loss / other));
  return taskMean(ours[0]!.validationLosses.map((_, task) => mean(ours.map(({validationLosses}, seed) => {
    const ratio = log(validationLosses[task]!, recipe[seed]!.validationLosses[task]!);
    return Math.max(-FARTHEST, Math.min(FARTHEST, ratio));
  }))));
}

function taskMean(values: readonly number[]): TaskMean {
  const average = mean(values), variance = values.reduce((sum, x) => sum + (x - average) ** 2, 0) / (values.length - 1);
  return {mean: round(average), standardError: round(Math.sqrt(variance / values.length))};
}

function round(value: number): number {
  return toDecimals(value, 3);
}
