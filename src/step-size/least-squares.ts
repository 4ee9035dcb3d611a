import {L2OError} from '../errors.js';
import {type Random} from '../random.js';
import {dot, multiply} from './quadratic.js';

/** A family of noisy linear regressions: y = ⟨w*, x⟩ + σ·N(0, 1), x ~ N(0, I_d), w* uniform on the unit sphere. */
export interface LeastSquaresFamily {
  /** d, an integer ≥ 1. */
  readonly numFeatures: number;
  /** n, all the examples there are: even, ≥ 2. Half of them serve validation where step sizes are tuned on it. */
  readonly numExamples: number;
  /** σ > 0. */
  readonly noise: number;
}

/** One regression of a {@link LeastSquaresFamily}. */
export interface LeastSquaresTask {
  /** w*. */
  readonly truth: Float64Array;
  readonly firstHalf: SecondMoments;
  readonly secondHalf: SecondMoments;
  /** Of both halves together. */
  readonly all: SecondMoments;
}

/** All that the mean squared loss of some examples depends on: ½ (wᵀGw − 2⟨b, w⟩ + p). */
export interface SecondMoments {
  /** G = XᵀX / n: [d, d]. */
  readonly gram: Float64Array;
  /** b = Xᵀy / n: [d]. */
  readonly cross: Float64Array;
  /** p = yᵀy / n. */
  readonly power: number;
}

/** Settings of {@link descend}. */
export interface DescentOptions {
  /** An integer ≥ 1. */
  readonly numSteps: number;
  /** Descent freezes at this norm of w. Default: never. */
  readonly maxNorm?: number;
}

/** Settings of {@link tuneStepSize}. */
export interface StepSizeTuningOptions extends DescentOptions {
  /** The step sizes to choose from. */
  readonly candidates: readonly number[];
  /** An integer ≥ 1. */
  readonly numTasks: number;
}

/** What {@link tuneStepSize} found for one meta-objective. */
export interface TunedStepSize {
  /** The candidate with the least mean final loss. */
  readonly stepSize: number;
  /** Mean final loss over the tasks, for each candidate. */
  readonly meanLosses: readonly number[];
}

/** @throws L2OError `INVALID_ARGUMENT`. */
export function sampleLeastSquares(random: Random, {numFeatures, numExamples, noise}: LeastSquaresFamily): LeastSquaresTask {
  if (!(Number.isInteger(numFeatures) && numFeatures >= 1 && Number.isInteger(numExamples / 2) && numExamples >= 2 && noise > 0)) {
    throw new L2OError('INVALID_ARGUMENT', `sampleLeastSquares: expected numFeatures ≥ 1, an even numExamples ≥ 2 and noise > 0, got ${numFeatures}, ${numExamples} and ${noise}. Change the one that is out of range.`);
  }
  const truth = Float64Array.from({length: numFeatures}, () => random.normal());
  const norm = Math.sqrt(dot(truth, truth));
  for (let i = 0; i < numFeatures; i++) truth[i]! /= norm;
  const firstHalf = sampleMoments(random, truth, numExamples / 2, noise);
  const secondHalf = sampleMoments(random, truth, numExamples / 2, noise);
  return {truth, firstHalf, secondHalf, all: average(firstHalf, secondHalf)};
}

/**
 * Gradient descent from 0 on the mean squared loss of the examples behind `moments`.
 *
 * @returns w after `numSteps` steps; where its norm reaches `maxNorm` before, the descent ends there, with just that norm.
 */
export function descend({gram, cross}: SecondMoments, stepSize: number, {numSteps, maxNorm = Infinity}: DescentOptions): Float64Array {
  const w = new Float64Array(cross.length), product = new Float64Array(cross.length);
  for (let step = 0; step < numSteps; step++) {
    multiply(gram, w, product);
    for (let i = 0; i < w.length; i++) w[i]! -= stepSize * (product[i]! - cross[i]!);
    const norm = Math.sqrt(dot(w, w));
    if (norm >= maxNorm) return w.map(x => x * (maxNorm / norm));
  }
  return w;
}

/** Half the mean squared error of `w` on the examples behind the moments. */
export function squaredLoss({gram, cross, power}: SecondMoments, w: Float64Array): number {
  const product = new Float64Array(w.length);
  multiply(gram, w, product);
  return (dot(w, product) - 2 * dot(cross, w) + power) / 2;
}

/**
 * Root mean squared error of `w` on new examples: √(‖w − w*‖² + σ²), exact since x ~ N(0, I).
 *
 * @param noise σ.
 */
export function testError({truth}: LeastSquaresTask, w: Float64Array, noise: number): number {
  return Math.hypot(noise, ...w.map((x, i) => x - truth[i]!));
}

/**
 * Chooses a step size for a family in two ways from the same tasks: by the final loss on the examples trained on
 * (train-by-train, all n), and by the final loss on the other half (train-by-validation, n/2 + n/2).
 *
 * @throws L2OError `INVALID_ARGUMENT`.
 * @see Wang, Yuan, Wu, Ge (2021), arXiv 2006.16495, section 5.
 */
export function tuneStepSize(random: Random, family: LeastSquaresFamily, options: StepSizeTuningOptions): {byTrain: TunedStepSize; byValidation: TunedStepSize} {
  const {candidates, numTasks} = options;
  if (candidates.length === 0 || !(Number.isInteger(numTasks) && numTasks >= 1)) {
    throw new L2OError('INVALID_ARGUMENT', `tuneStepSize: expected candidates and numTasks ≥ 1, got ${candidates.length} and ${numTasks}. Pass at least one of each.`);
  }
  const byTrain = candidates.map(() => 0), byValidation = candidates.map(() => 0);
  for (let i = 0; i < numTasks; i++) {
    const task = sampleLeastSquares(random.fork(i), family);
    candidates.forEach((stepSize, c) => {
      byTrain[c]! += squaredLoss(task.all, descend(task.all, stepSize, options)) / numTasks;
      byValidation[c]! += squaredLoss(task.secondHalf, descend(task.firstHalf, stepSize, options)) / numTasks;
    });
  }
  const best = (meanLosses: readonly number[]): TunedStepSize =>
    ({stepSize: candidates[meanLosses.indexOf(Math.min(...meanLosses))]!, meanLosses});
  return {byTrain: best(byTrain), byValidation: best(byValidation)};
}

function sampleMoments(random: Random, truth: Float64Array, numExamples: number, noise: number): SecondMoments {
  const size = truth.length, gram = new Float64Array(size * size), cross = new Float64Array(size), x = new Float64Array(size);
  let power = 0;
  for (let example = 0; example < numExamples; example++) {
    for (let i = 0; i < size; i++) x[i] = random.normal();
    const y = dot(truth, x) + noise * random.normal();
    power += (y * y) / numExamples;
    for (let i = 0; i < size; i++) {
      const xi = x[i]! / numExamples;
      cross[i]! += xi * y;
      for (let j = i, at = i * size + i; j < size; j++) gram[at++]! += xi * x[j]!;
    }
  }
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) gram[i * size + j] = gram[j * size + i]!;
  }
  return {gram, cross, power};
}

function average(a: SecondMoments, b: SecondMoments): SecondMoments {
  const mean = (x: Float64Array, y: Float64Array): Float64Array => x.map((value, i) => (value + y[i]!) / 2);
  return {gram: mean(a.gram, b.gram), cross: mean(a.cross, b.cross), power: (a.power + b.power) / 2};
}
