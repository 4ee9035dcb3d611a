/** From the models that thetas trained to differences between regularized and plain meta-training. */
import {mean, tInterval, type Estimate} from '../../src/report/statistics.js';
import {Random} from '../../src/random.js';
import type {JudgingRecord, TrainingRecord} from './cells.js';
import type {Solution} from './judge.js';
import {MEASURED} from './solution-flatness.js';
import {pairedDifference, type PairedDifference} from './statistics.js';

/** A theta's judgement and training. */
export interface Judged {
  readonly metaSeed: number;
  readonly judging: JudgingRecord;
  readonly training: TrainingRecord;
}

/** A number that describes one model. */
type Quantity = (solution: Solution) => number;

const accuracy: Quantity = ({testAccuracy}) => testAccuracy;
/** Losses by their natural logarithms: they span decades. */
const LOSSES = {
  logTrainLoss: ({trainLoss}: Solution) => Math.log(trainLoss),
  logLossOverTheRun: ({curve}: Solution) => curve,
  logTestLoss: ({testLoss}: Solution) => Math.log(testLoss),
  trainAccuracy: ({trainAccuracy}: Solution) => trainAccuracy,
} as const;
/** Measures are compared by logarithms of their sizes, from here on: signed ones come near 0. */
const SMALLEST_FLATNESS = 1e-5;

/** Mean of a quantity over all models of a theta, or those of one task, with each task weighing the same; models without it are left out. */
export function thetaMean({judging: {solutions}}: Pick<Judged, 'judging'>, quantity: Quantity, task?: string): number {
  const tasks = task === undefined ? Object.values(solutions) : [solutions[task]!];
  return mean(tasks.map(models => mean(models.map(quantity).filter(value => !Number.isNaN(value)))));
}

/** An accuracy difference as the issue of it is: how many thetas, and how many training runs on each task for each of them. */
export interface AccuracyDifference extends PairedDifference {
  readonly numMetaSeeds: number;
  readonly numSeeds: number;
}

/**
 * What a flatness-aware rule does otherwise than its plain twin, theta by theta of the same meta-training seed; also with the twin's training stopped
 * at the best step, to tell flatness from mere slowness.
 */
export function compare(treated: readonly Judged[], plain: readonly Judged[]): object {
  checkPairs(treated, plain);
  const random = new Random(1), tasks = Object.keys(plain[0]!.judging.solutions);
  const difference = (quantity: Quantity, task?: string): PairedDifference =>
    pairedDifference(treated.map(judged => thetaMean(judged, quantity, task)), plain.map(judged => thetaMean(judged, quantity, task)), random.fork(task ?? 'all'));
  const numSeeds = plain[0]!.judging.solutions[tasks[0]!]!.length;
  return {
    accuracyDifference: {...difference(accuracy), numMetaSeeds: treated.length, numSeeds} satisfies AccuracyDifference,
    accuracyDifferenceAlong: stopsOf(plain).map((_, i) => difference(({accuracyAt}) => accuracyAt[i]!)),
    accuracyDifferenceToBestStop: pairedDifference(treated.map(judged => thetaMean(judged, accuracy)), plain.map(bestStop), random.fork('stop')),
    accuracyDifferenceByTask: Object.fromEntries(tasks.map(task => [task, difference(accuracy, task)])),
    lossDifference: mapValues(LOSSES, quantity => difference(quantity)),
    logFlatnessDifference: Object.fromEntries(MEASURED.map(name => [name, difference(logFlatness(name))])),
    ...describe(treated),
  };
}

/** Levels of one kind of meta-training: means over its thetas with 95 % t-intervals. */
export function describe(judged: readonly Judged[]): object {
  const level = (quantity: Quantity): Estimate => tInterval(judged.map(one => thetaMean(one, quantity)));
  const models = judged.flatMap(({judging: {solutions}}) => Object.values(solutions).flat());
  return {
    testAccuracy: level(accuracy), testAccuracyAlong: stopsOf(judged).map((_, i) => level(({accuracyAt}) => accuracyAt[i]!)), losses: mapValues(LOSSES, level), logFlatness: Object.fromEntries(MEASURED.map(name => [name, level(logFlatness(name))])),
    diverged: models.filter(({diverged}) => diverged).length, numModels: models.length,
    secondsOfTraining: mean(judged.map(({training}) => training.seconds)), secondsOfJudging: mean(judged.map(({judging}) => judging.seconds)),
  };
}

/** Mean accuracy of a theta's models where each task's training ends at the step that is best for it, in hindsight. */
function bestStop(judged: Judged): number {
  const {solutions} = judged.judging;
  return mean(Object.keys(solutions).map(task => Math.max(...stopsOf([judged]).map((_, i) => thetaMean(judged, ({accuracyAt}) => accuracyAt[i]!, task)))));
}

function stopsOf([first]: readonly Judged[]): readonly number[] {
  return Object.values(first!.judging.solutions)[0]![0]!.accuracyAt;
}

function logFlatness(name: (typeof MEASURED)[number]): Quantity {
  return ({flatness}) => (flatness === undefined ? NaN : Math.log(Math.max(SMALLEST_FLATNESS, Math.abs(flatness[name]))));
}

function checkPairs(treated: readonly Judged[], plain: readonly Judged[]): void {
  const seeds = (judged: readonly Judged[]): string => judged.map(({metaSeed}) => metaSeed).join(', ');
  if (treated.length === 0 || seeds(treated) !== seeds(plain)) throw new RangeError(`expected twins of the same meta-training seeds, got ${seeds(treated)} and ${seeds(plain)}`);
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, f: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
}

/** The strength of the highest accuracy; the weaker one where two are level. */
export function chooseStrength(scores: ReadonlyArray<{readonly strength: number; readonly accuracy: number}>): number {
  return [...scores].sort((a, b) => b.accuracy - a.accuracy || a.strength - b.strength)[0]!.strength;
}
