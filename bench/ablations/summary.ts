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
  /** Speed-up over tuned Adam on the suite `validation`, inter-quartile mean, seed by seed; absent where the suite cannot run it. */
  readonly speedup?: readonly number[];
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
  readonly speedup: number | undefined;
}

/** Rows of all variants that at least one seed is finished of, each beside the recipe with the same seeds. */
export function rowsOf(variants: readonly Variant[], judged: readonly Judged[], adam: readonly Scores[]): AblationRow[] {
  const of = (name: string): Judged[] => judged.filter(({variant}) => variant.name === name);
  return variants.filter(({name}) => of(name).length > 0).map(({name, change}) => {
    const ours = of(name), seeds = ours.map(({seed}) => seed), recipe = of('recipe').filter(({seed}) => seeds.includes(seed));
    const speedup = ours.flatMap(one => one.speedup ?? []);
    const isComparable = name !== 'recipe' && recipe.length === ours.length;
    return {
      name, change, seeds, toAdam: both(ours, adam),
      ...isComparable && {toRecipe: both(ours, adam.map((_, task) => ({curve: atTask(recipe, task, 'curve'), final: atTask(recipe, task, 'final')})))},
      bySeed: ours.map(one => ({curve: both([one], adam).curve.mean, final: both([one], adam).final.mean})),
      diverged: ours.reduce((sum, {scores}) => sum + scores.filter(s => s.diverged).length, 0),
      ...speedup.length === ours.length && {speedup: speedup.map(round)},
    };
  });
}

type Score = 'curve' | 'final';

function both(ours: readonly Judged[], others: ReadonlyArray<Readonly<Record<Score, number>>>): Record<Score, TaskMean> {
  const difference = (score: Score): TaskMean => taskMean(others.map((other, task) => atTask(ours, task, score) - other[score]));
  return {curve: difference('curve'), final: difference('final')};
}

/** Mean over seeds of a score on one task. */
function atTask(judged: readonly Judged[], task: number, score: Score): number {
  return mean(judged.map(({scores}) => scores[task]![score]));
}

function taskMean(values: readonly number[]): TaskMean {
  const average = mean(values), variance = values.reduce((sum, x) => sum + (x - average) ** 2, 0) / (values.length - 1);
  return {mean: round(average), standardError: round(Math.sqrt(variance / values.length))};
}

function round(value: number): number {
  return toDecimals(value, 3);
}
