/** Everything that docs/l2o-entropy.md fixes before the final run. */
import type {FlatnessMeasure} from '../../src/flatness/measure-options.js';
import type {MetaFitOptions} from '../../src/meta/meta-fit-options.js';
import type {RuleName} from '../../src/rules/registry.js';

/** What joins the objective of meta-training. */
export const MEASURES = ['plain', 'hessian', 'localEntropy'] as const;
export type Measure = (typeof MEASURES)[number];
export type Penalty = Exclude<Measure, 'plain'>;

/** One meta-training run after the common start. */
export interface Cell {
  readonly rule: RuleName;
  readonly metaSeed: number;
  readonly measure: Measure;
  /** Of the penalty; 0 for `plain`. */
  readonly strength: number;
}

/** How much of everything there is. */
export interface Plan {
  readonly rules: readonly RuleName[];
  /** Meta-training seeds that strengths are chosen with, and those of the result; no seed is in both. */
  readonly tuningSeeds: readonly number[];
  readonly metaSeeds: readonly number[];
  readonly strengths: Readonly<Record<Penalty, readonly number[]>>;
  /** Outer steps of each rule's common start, and of each cell after it. */
  readonly startSteps: Readonly<Record<RuleName, number>>;
  readonly outerSteps: Readonly<Record<RuleName, number>>;
  /** Training runs that a theta is judged by on each task, and how many of these have their flatness measured. */
  readonly numSeeds: number;
  readonly numFlat: number;
  /** Steps of a judged training run after which test accuracy is taken; the last one is its end, which is what counts. */
  readonly stops: readonly number[];
}

/** The study. */
export const FULL: Plan = {
  rules: ['tensor-lstm', 'scale', 'lstm-dm', 'rnnprop'], tuningSeeds: [101, 102], metaSeeds: [11, 12, 13, 14, 15, 16, 17, 18],
  strengths: {hessian: [0.3, 1, 3, 10], localEntropy: [1, 3, 10, 30]},
  // Rules that step fast can have more of it; lstm-dm and rnnprop take most of the time all the same.
  startSteps: {'tensor-lstm': 1200, scale: 1200, 'lstm-dm': 600, rnnprop: 600}, outerSteps: {'tensor-lstm': 800, scale: 800, 'lstm-dm': 400, rnnprop: 400},
  numSeeds: 10, numFlat: 5, stops: [50, 100, 150, 200, 300],
};

/** The penalties, without their strengths: √E‖Hv‖², and the local entropy at a third of each tensor's RMS. Perturbations are relative to each tensor. */
const PENALTIES = {
  hessian: {measure: 'hessianNorm', norm: 'frobenius', samples: 4},
  localEntropy: {measure: 'localEntropy', gamma: 9, samples: 8},
} as const satisfies Record<Penalty, FlatnessMeasure>;

type Training = Omit<MetaFitOptions, 'tasks'>;

const COMMON: Training = {numPairs: 4, windowSteps: 20, keep: 'last', numHeldOut: 1};
/** Outer learning rates of the start and of the cells. */
const START_RATE = 3e-3, CELL_RATE = 1e-3;
/** Adam as a teacher, for rules that step at random before they are trained; `tensor-lstm` begins as Adam. */
const TEACHER: Training = {imitation: {weight: 0.3, over: 0.4, teacherLearningRate: 0.01}};

/** Meta-training that all cells of a rule and seed have in common: from scratch and without a penalty. */
export function startOptions(rule: RuleName, metaSeed: number, {startSteps}: Plan): Training {
  return {
    ...COMMON, ...(rule !== 'tensor-lstm' && TEACHER), rule, seed: metaSeed, initialTheta: 'untrained', numOuterSteps: startSteps[rule], validateEvery: startSteps[rule],
    horizons: [50, 200], curriculum: {from: [20, 40], over: 0.5}, learningRate: START_RATE,
  };
}

/** What follows: the same tasks, batches and perturbations of theta in each cell of a rule and seed, but for the penalty. */
export function cellOptions({rule, metaSeed, measure, strength}: Cell, {outerSteps}: Plan): Training {
  return {
    ...COMMON, rule, seed: 1000 + metaSeed, numOuterSteps: outerSteps[rule], validateEvery: outerSteps[rule], horizons: [100, 300], learningRate: CELL_RATE,
    ...(measure !== 'plain' && {regularizer: {...PENALTIES[measure], strength}}),
  };
}
