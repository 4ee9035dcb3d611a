/**
 * Experiment 1 of "Guarantees for Tuning the Step Size": meta-gradient descent on the step size of gradient descent on
 * quadratics, with the stable meta-gradient and with backprop in float32.
 */
import {Random} from '../../src/random.js';
import {backpropMetaGradient} from '../../src/step-size/backprop.js';
import {bisectStepSize, metaDescent} from '../../src/step-size/meta-descent.js';
import {sampleQuadratic, stableMetaGradient, type Quadratic} from '../../src/step-size/quadratic.js';
import {symmetricEigenvalues} from '../../src/flatness/symmetric-eigen.js';

/** The paper's dimension, number of inner steps, and first step size. */
export const SIZE = 20, NUM_STEPS = 80, INITIAL_STEP_SIZE = 0.1;
/** A first step size at which float32 can hold all that backprop meets. */
const SAFE_STEP_SIZE = 0.01;
/** Where shares are reported. */
export const MILESTONES = [300, 1000] as const;
/** Longer than the last milestone, to see who leaves the optimum again. */
const NUM_META_STEPS = 2000;
const GRID_POINTS = 1100, GRID_END = 2.2;

/** Quadratics with a smaller condition number are called well-conditioned. */
export const WELL_CONDITIONED_BELOW = 1000;
/** All seeds from 0 to 19 whose quadratic is well-conditioned. */
export const WELL_CONDITIONED_SEEDS: readonly number[] = [0, 1, 4, 11, 12, 16];

/** A quadratic with what is known about it without meta-training. */
export interface StudyProblem {
  readonly seed: number;
  readonly quadratic: Quadratic;
  /** Largest eigenvalue L. */
  readonly largest: number;
  readonly conditionNumber: number;
}

/** What became of one seed. Errors are |η / grid optimum − 1|. */
export interface SeedResult {
  readonly seed: number;
  readonly largestEigenvalue: number;
  readonly conditionNumber: number;
  /** The best of a grid of step sizes, found without any gradient. */
  readonly gridOptimum: number;
  /** F'' at the optimum. */
  readonly curvature: number;
  /** At each of {@link MILESTONES}. */
  readonly errors: readonly number[];
  /** The meta-step from which on the error stays within 5 % up to meta-step 2,000; null: none. */
  readonly settledAt: number | null;
  /** Error of the step size where the stable meta-gradient changes sign. */
  readonly bisectionError: number;
  readonly backprop: BackpropResult;
}

/** What plain backprop in float32 made of the same quadratic. */
export interface BackpropResult {
  /** The meta-step at which the meta-gradient was infinite or NaN, from the paper's first step size. */
  readonly nonFiniteAt: number | null;
  /** The same from 0.01, where it can begin. */
  readonly nonFiniteFromSafeStart: number | null;
  /** Error at the last of {@link MILESTONES} from 0.01; null where it did not get there. */
  readonly errorFromSafeStart: number | null;
  /** The meta-gradient there: 0 is the answer of float32 where 1/f(w_t) underflows. */
  readonly gradientFromSafeStart: number | null;
  /** The smallest number of inner steps at which the paper's first step size gives no finite meta-gradient. */
  readonly overflowsFromSteps: number;
}

/** The quadratic of a seed. */
export function studyProblem(seed: number): StudyProblem {
  const quadratic = sampleQuadratic(new Random(seed), SIZE);
  const eigenvalues = symmetricEigenvalues(quadratic.matrix, SIZE);
  const largest = eigenvalues[SIZE - 1]!;
  return {seed, quadratic, largest, conditionNumber: largest / eigenvalues[0]!};
}

/** The best of {@link GRID_POINTS} evenly spaced step sizes up to 2.2/L, by the objective alone. */
export function gridOptimum({quadratic, largest}: StudyProblem, numSteps = NUM_STEPS): number {
  let best = 0, least = Infinity;
  for (let i = 1; i <= GRID_POINTS; i++) {
    const stepSize = (GRID_END * i) / GRID_POINTS / largest;
    const {objective} = stableMetaGradient(quadratic, stepSize, numSteps);
    if (objective < least) [best, least] = [stepSize, objective];
  }
  return best;
}

/** Step sizes along the paper's meta-gradient descent with the stable meta-gradient. */
export function stablePath({quadratic}: StudyProblem, numMetaSteps = NUM_META_STEPS): readonly number[] {
  return metaDescent(eta => stableMetaGradient(quadratic, eta, NUM_STEPS).gradient, {initialStepSize: INITIAL_STEP_SIZE, numMetaSteps}).stepSizes;
}

/** All that is reported of a seed, and the errors along the path for the figure. */
export function studySeed(seed: number): {result: SeedResult; pathErrors: readonly number[]} {
  const problem = studyProblem(seed), {quadratic, largest, conditionNumber} = problem;
  const optimum = gridOptimum(problem);
  const pathErrors = stablePath(problem).map(eta => Math.abs(eta / optimum - 1));
  const gradientAt = (eta: number): number => stableMetaGradient(quadratic, eta, NUM_STEPS).gradient;
  const root = bisectStepSize(gradientAt, 1 / largest), h = 1e-5 * root;
  const lastOutside = pathErrors.findLastIndex(error => error > 0.05);
  return {
    pathErrors,
    result: {
      seed,
      largestEigenvalue: largest,
      conditionNumber,
      gridOptimum: optimum,
      curvature: (gradientAt(root + h) - gradientAt(root - h)) / (2 * h),
      errors: MILESTONES.map(k => pathErrors[k]!),
      settledAt: lastOutside + 1 < pathErrors.length ? lastOutside + 1 : null,
      bisectionError: Math.abs(root / optimum - 1),
      backprop: studyBackprop(quadratic, optimum),
    },
  };
}

function studyBackprop(quadratic: Quadratic, optimum: number): BackpropResult {
  const gradientAt = (eta: number): number => backpropMetaGradient(quadratic, eta, NUM_STEPS).gradient;
  const numMetaSteps = MILESTONES[1];
  const fromPapers = metaDescent(gradientAt, {initialStepSize: INITIAL_STEP_SIZE, numMetaSteps});
  const fromSafe = metaDescent(gradientAt, {initialStepSize: SAFE_STEP_SIZE, numMetaSteps});
  const reached = fromSafe.stepSizes[numMetaSteps];
  let steps = 1;
  while (Number.isFinite(backpropMetaGradient(quadratic, INITIAL_STEP_SIZE, steps).gradient)) steps++;
  return {
    nonFiniteAt: fromPapers.nonFiniteAt ?? null,
    nonFiniteFromSafeStart: fromSafe.nonFiniteAt ?? null,
    errorFromSafeStart: reached === undefined ? null : Math.abs(reached / optimum - 1),
    gradientFromSafeStart: reached === undefined ? null : gradientAt(reached),
    overflowsFromSteps: steps,
  };
}

/** The optimum in units of 2/L, the largest stable step size, for each number of inner steps. */
export function optimumByNumSteps({quadratic, largest}: StudyProblem, numSteps: readonly number[]): number[] {
  return numSteps.map(t => bisectStepSize(eta => stableMetaGradient(quadratic, eta, t).gradient, 1 / largest) * largest / 2);
}
