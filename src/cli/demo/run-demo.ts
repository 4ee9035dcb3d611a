import * as tf from '@tensorflow/tfjs-core';
import {Random} from '../../random.js';
import {formatNumber} from '../../report/format.js';
import {mean, ratioInterval, type Estimate} from '../../report/statistics.js';
import type {Progress} from '../progress.js';
import {FIRST_GRID, searchRate, type RateSearch} from './rate-search.js';
import {summarize, type OptimizerName, type OptimizerRuns, type OptimizerSummary} from './summary.js';
import {trainOnce, type DataSplits, type TrainingPlan, type TrainingRun} from './training-run.js';

/** Runs of each optimizer. */
export const NUM_SEEDS = 3;
/** Runs that score one learning rate in the search: with seeds of their own, so that none is both tuned on and reported. */
export const NUM_SEARCH_SEEDS = 2;
/** TF.js's own default. */
export const DEFAULT_ADAM_RATE = 1e-3;

/** What {@link runDemo} needs to know. */
export interface DemoSetup {
  readonly splits: DataSplits;
  readonly plan: TrainingPlan;
  readonly seed: number;
  /** Makes the learned optimizer for one run. */
  readonly makeLearned: (numSteps: number) => tf.Optimizer;
  readonly onProgress: (progress: Progress) => void;
}

/** The search for Adam's rate, and what it cost. */
export interface AdamTuning extends RateSearch {
  readonly numSteps: number;
  readonly seconds: number;
}

/** What the demo came to. */
export interface DemoResult {
  readonly tuning: AdamTuning;
  readonly optimizers: readonly OptimizerSummary[];
  /** Final training loss of the learned optimizer over that of tuned Adam, paired by seed. */
  readonly lossOverTunedAdam: Estimate;
  /** The same over default Adam. */
  readonly lossOverDefaultAdam: Estimate;
}

interface Contestant {
  readonly name: OptimizerName;
  readonly label: string;
  readonly learningRate: number | null;
  make(): tf.Optimizer;
}

/** Searches Adam's rate, then trains with all three optimizers in turn, seed by seed. */
export async function runDemo({splits, plan, seed, makeLearned, onProgress}: DemoSetup): Promise<DemoResult> {
  const random = new Random(seed);
  const gridSize = FIRST_GRID.high - FIRST_GRID.low + 1;
  const stepsPerRate = NUM_SEARCH_SEEDS * plan.numSteps;
  let stepsDone = 0, stepsTotal = gridSize * stepsPerRate + 3 * NUM_SEEDS * plan.numSteps;
  const train = (make: () => tf.Optimizer, label: string, phase: string, stepsPerPoint: number): Promise<TrainingRun> =>
    trainOnce(splits, {...plan, stepsPerPoint}, make, random.fork(label), (count) => {
      stepsDone += count;
      onProgress({phase, stepsDone, stepsTotal});
    });

  const start = performance.now();
  const search = await searchRate(async (rate) => {
    const losses: number[] = [];
    for (let i = 0; i < NUM_SEARCH_SEEDS; i++) {
      const phase = `tuning Adam, rate ${formatNumber(rate)}`;
      losses.push((await train(() => tf.train.adam(rate), `search-${i}`, phase, plan.numSteps)).validationLoss);
    }
    return mean(losses);
  }, () => stepsTotal += stepsPerRate);
  const seconds = (performance.now() - start) / 1000;
  const tuning = {...search, numSteps: search.scores.length * stepsPerRate, seconds};

  const contestants = listContestants(makeLearned, plan.numSteps, search.best.rate);
  const runs = contestants.map((): TrainingRun[] => []);
  // Seed by seed, so that a drift of the machine's speed falls on all three alike.
  for (let i = 0; i < NUM_SEEDS; i++) {
    for (const [k, contestant] of contestants.entries()) {
      const phase = `${contestant.label}, run ${i + 1} of ${NUM_SEEDS}`;
      runs[k]!.push(await train(() => contestant.make(), `run-${i}`, phase, plan.stepsPerPoint));
    }
  }
  const results = contestants.map(({name, label, learningRate}, k): OptimizerRuns => ({name, label, learningRate, runs: runs[k]!}));
  const losses = runs.map((list) => list.map(({trainLoss}) => trainLoss));
  return {
    tuning,
    optimizers: summarize(results),
    lossOverTunedAdam: ratioInterval(losses[0]!, losses[2]!),
    lossOverDefaultAdam: ratioInterval(losses[0]!, losses[1]!),
  };
}

function listContestants(makeLearned: DemoSetup['makeLearned'], numSteps: number, tunedRate: number): readonly Contestant[] {
  const adam = (name: OptimizerName, label: string, learningRate: number): Contestant =>
    ({name, label, learningRate, make: () => tf.train.adam(learningRate)});
  return [
    {name: 'learned', label: 'Learned, untuned', learningRate: null, make: () => makeLearned(numSteps)},
    adam('adam-default', 'Adam, default', DEFAULT_ADAM_RATE),
    adam('adam-tuned', 'Adam, tuned', tunedRate),
  ];
}
