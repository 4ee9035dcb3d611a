import type {Random} from '../random.js';
import {mean, type Estimate} from '../report/statistics.js';

/** The mean of the middle half: the ⌊n/4⌋ lowest and highest are left out (as Agarwal et al. 2021, arXiv 2108.13264). */
export function interQuartileMean(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b), cut = Math.floor(sorted.length / 4);
  return mean(sorted.slice(cut, sorted.length - cut));
}

/** Bootstrap replicates. */
const REPLICATES = 2000;
/** Share of replicates inside the interval. */
const CONFIDENCE = 0.95;

/** What {@link bootstrapInterQuartileMean} needs of one task. */
export interface BootstrapTask {
  readonly numSeeds: number;
  /** The task's value from these seeds, of which some may come more than once. */
  value(seeds: readonly number[]): number;
}

/**
 * The inter-quartile mean over tasks, with a percentile interval: tasks are drawn anew with replacement, and within each task
 * its seeds.
 */
export function bootstrapInterQuartileMean(tasks: readonly BootstrapTask[], random: Random): Estimate {
  if (tasks.length === 0) return {mean: NaN, low: NaN, high: NaN};
  const memory = tasks.map(() => new Map<string, number>());
  const valueOf = (index: number, seeds: number[]): number => {
    const key = seeds.sort((a, b) => a - b).join();
    const known = memory[index]!.get(key) ?? tasks[index]!.value(seeds);
    memory[index]!.set(key, known);
    return known;
  };
  const replicates = Array.from({length: REPLICATES}, () => interQuartileMean(tasks.map(() => {
    const index = random.integer(tasks.length), {numSeeds} = tasks[index]!;
    return valueOf(index, Array.from({length: numSeeds}, () => random.integer(numSeeds)));
  }))).sort((a, b) => a - b);
  const at = (share: number): number => replicates[Math.round(share * (REPLICATES - 1))]!;
  const tail = (1 - CONFIDENCE) / 2;
  return {mean: interQuartileMean(tasks.map((_, i) => valueOf(i, allSeeds(tasks[i]!)))), low: at(tail), high: at(1 - tail)};
}

function allSeeds({numSeeds}: BootstrapTask): number[] {
  return Array.from({length: numSeeds}, (_, i) => i);
}

/** Whether `ours` is no worse than `theirs`, seed by seed: its mean is at most theirs plus one standard error of the differences. */
export function isNoWorse(ours: readonly number[], theirs: readonly number[]): boolean {
  if (!ours.every(Number.isFinite)) return false;
  if (!theirs.every(Number.isFinite)) return true;
  const differences = ours.map((x, i) => x - theirs[i]!), average = mean(differences), n = differences.length;
  const variance = n < 2 ? 0 : differences.reduce((sum, x) => sum + (x - average) ** 2, 0) / (n - 1);
  return average <= Math.sqrt(variance / n);
}
