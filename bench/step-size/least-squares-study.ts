/**
 * Experiment 2 of "Guarantees for Tuning the Step Size": a step size tuned on training losses against one tuned on
 * validation losses, for noisy linear regressions, judged on fresh ones.
 */
import {Random} from '../../src/random.js';
import {mean, tInterval} from '../../src/report/statistics.js';
import {descend, sampleLeastSquares, squaredLoss, testError, tuneStepSize, type LeastSquaresFamily, type LeastSquaresTask} from '../../src/step-size/least-squares.js';

/** The paper's: 10^-6, 10^-5.75, … 1. */
export const CANDIDATES: readonly number[] = Array.from({length: 25}, (_, i) => 10 ** (i / 4 - 6));
const NUM_STEPS = 40;
/** Descent freezes at this many σ, as in the paper. */
const MAX_NORM_IN_SIGMAS = 40;
/** Tests taken to be behind each reference figure: the default of the paper's script. */
const NUM_REFERENCE_TESTS = 10;

/** Figures of an independent implementation in numpy float64, after the paper's script, by its own random numbers. */
export interface Reference {
  readonly byTrain: number;
  readonly byValidation: number;
  /** Where they were recorded. */
  readonly stepSizes?: readonly [byTrain: number, byValidation: number];
}

/** A row of the table: a family, and what the reference found for it, if anything. */
export interface Setting extends LeastSquaresFamily {
  readonly reference?: Reference;
}

/** d = 200: seconds. */
export const SMALL: readonly Setting[] = [
  {numFeatures: 200, numExamples: 100, noise: 1, reference: {byTrain: 1.512, byValidation: 1.285}},
  {numFeatures: 200, numExamples: 100, noise: 2, reference: {byTrain: 2.769, byValidation: 2.108}},
  {numFeatures: 200, numExamples: 100, noise: 4, reference: {byTrain: 5.415, byValidation: 3.94}},
  {numFeatures: 200, numExamples: 200, noise: 1},
  {numFeatures: 200, numExamples: 400, noise: 1, reference: {byTrain: 1.363, byValidation: 1.213}},
  {numFeatures: 200, numExamples: 800, noise: 1},
  {numFeatures: 200, numExamples: 1600, noise: 1, reference: {byTrain: 1.085, byValidation: 1.077}},
];

/** d = 1,000, the paper's size: minutes. */
export const FULL: readonly Setting[] = [
  {numFeatures: 1000, numExamples: 500, noise: 0.5, reference: {byTrain: 1.003, byValidation: 0.977, stepSizes: [0.316, 0.01]}},
  {numFeatures: 1000, numExamples: 500, noise: 1, reference: {byTrain: 1.575, byValidation: 1.363, stepSizes: [0.316, 0.0032]}},
  {numFeatures: 1000, numExamples: 500, noise: 2, reference: {byTrain: 2.904, byValidation: 2.238, stepSizes: [0.316, 0.001]}},
];

/** How one way of tuning did. Errors are root mean squared ones, averaged over the tests. */
export interface TuningOutcome {
  readonly stepSize: number;
  readonly trainError: number;
  readonly testError: number;
  readonly standardError: number;
  /** `testError` less the reference's, in standard errors of that difference. */
  readonly deviations?: number;
}

/** A row of the table with what we measured. */
export interface StudyRow extends Setting {
  readonly numTasks: number;
  readonly numTests: number;
  readonly byTrain: TuningOutcome;
  readonly byValidation: TuningOutcome;
  /** Test error of train-by-train less that of train-by-validation, paired by test: mean and 95 % interval. */
  readonly gap: {readonly mean: number; readonly low: number; readonly high: number};
}

/** Tunes on `numTasks` regressions and judges on `numTests` others, trained on all their examples as in the paper. */
export function studySetting(setting: Setting, seed: number, numTasks: number, numTests: number): StudyRow {
  const {noise, reference} = setting;
  const descent = {numSteps: NUM_STEPS, maxNorm: MAX_NORM_IN_SIGMAS * noise};
  const random = new Random(seed).fork(`${setting.numFeatures}/${setting.numExamples}/${noise}`);
  const tuned = tuneStepSize(random.fork('tune'), setting, {...descent, candidates: CANDIDATES, numTasks});
  // One test at a time: the second moments of all of them would fill the memory.
  const errors = Array.from({length: numTests}, (_, i) => {
    const task = sampleLeastSquares(random.fork(`test ${i}`), setting);
    return {byTrain: errorsOf(task, tuned.byTrain.stepSize, noise), byValidation: errorsOf(task, tuned.byValidation.stepSize, noise)};
  });
  const outcome = (way: 'byTrain' | 'byValidation'): TuningOutcome => {
    const tests = errors.map(e => e[way].test), average = mean(tests);
    const variance = tests.reduce((sum, x) => sum + (x - average) ** 2, 0) / (numTests - 1);
    return {
      stepSize: tuned[way].stepSize,
      trainError: mean(errors.map(e => e[way].train)),
      testError: average,
      standardError: Math.sqrt(variance / numTests),
      ...(reference && {deviations: (average - reference[way]) / Math.sqrt(variance / numTests + referenceVariance(variance, reference[way], setting))}),
    };
  };
  const {mean: center, low, high} = tInterval(errors.map(e => e.byTrain.test - e.byValidation.test));
  return {...setting, numTasks, numTests, byTrain: outcome('byTrain'), byValidation: outcome('byValidation'), gap: {mean: center, low, high}};
}

function errorsOf(task: LeastSquaresTask, stepSize: number, noise: number): {train: number; test: number} {
  const w = descend(task.all, stepSize, {numSteps: NUM_STEPS});
  return {train: Math.sqrt(2 * squaredLoss(task.all, w)), test: testError(task, w, noise)};
}

/**
 * Squared standard error of a reference figure: the tests vary as ours do, and each was judged on n test examples, whose
 * root mean squared error has a relative variance of 1/(2n).
 */
function referenceVariance(testVariance: number, error: number, {numExamples}: LeastSquaresFamily): number {
  return (testVariance + error ** 2 / (2 * numExamples)) / NUM_REFERENCE_TESTS;
}
