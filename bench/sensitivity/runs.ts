import {baseline} from '../../src/evaluation/optimizers.js';
import {atEnds, smoothedAt} from '../../src/evaluation/run-spec.js';
import {byScore, successiveHalving} from '../../src/evaluation/successive-halving.js';
import type {SuiteTask} from '../../src/evaluation/suite.js';
import {Random} from '../../src/random.js';
import {openRollout} from '../../src/rollout/open-rollout.js';
import type {RolloutOptions} from '../../src/rollout/rollout.js';
import type {Theta} from '../../src/theta/theta-file.js';
import {IterateAverage} from './iterate-average.js';

/** What a run steps with. */
export type Contestant = Pick<RolloutOptions, 'rule' | 'learningRate' | 'horizon'> & {
  readonly theta?: Theta;
  /** Losses are those at the mean of the iterates over about this share of the steps so far. Default: at the last iterate. */
  readonly averageOver?: number;
};

/** What a run came to. */
export interface Ending {
  /** Logarithm of the smoothed training loss at the end over the first one, and of the validation loss over its first one. */
  readonly train: number;
  readonly validation: number;
  /** Whether a loss was not finite, or the last one above the first. */
  readonly diverged: boolean;
}

/** Losses count from this share of the first one to this multiple of it: nobody cares for more, and one run must not decide all. */
const BOUNDS = [1e-6, 10] as const;
const BATCHES = 8, MAX_WINDOW = 1000;
/** Iterates of a run that averages are made of. */
const AVERAGED = 500;

/** Runs one optimizer on one task for `steps` steps. @param seed Data, initial parameters and batches follow from it alone. */
export function runToEnd(task: SuiteTask, seed: string, steps: number, {theta, averageOver, ...options}: Contestant): Ending {
  const taskSeed = new Random(0).fork(`sensitivity/${task.name}/${seed}`).next();
  const rollout = openRollout(task.family.sample(new Random(taskSeed)), {family: task.family.name, seed: taskSeed}, {...options, hasLoss: true});
  const average = averageOver === undefined ? undefined : new IterateAverage(rollout, averageOver);
  const window = average === undefined ? MAX_WINDOW : Math.max(1, Math.round(steps / AVERAGED));
  const lossOn = (split: 'train' | 'validation', numBatches = BATCHES): number => average?.loss(split, numBatches) ?? rollout.evaluate(split, numBatches).loss;
  try {
    if (theta !== undefined) rollout.setTheta(theta.values);
    const first = lossOn('train', task.trainBatches), firstValidation = lossOn('validation', task.validationBatches);
    const measureAt = atEnds([steps], steps), losses: number[] = [], batchLosses = new Float32Array(MAX_WINDOW);
    let made = 0;
    for (const stop of measureAt) {
      while (made < stop) {
        const asked = Math.min(stop - made, window);
        if (rollout.run(asked, batchLosses) < asked) return {train: Math.log(BOUNDS[1]), validation: Math.log(BOUNDS[1]), diverged: true};
        made += asked;
        average?.take(asked, made);
      }
      losses.push(lossOn('train', task.trainBatches));
    }
    const last = smoothedAt(measureAt, losses, steps, steps);
    return {train: logRatio(last, first), validation: logRatio(lossOn('validation', task.validationBatches), firstValidation), diverged: !(last <= first)};
  } finally {
    rollout.dispose();
  }
}

function logRatio(loss: number, first: number): number {
  const ratio = loss / first;
  return Math.log(ratio < BOUNDS[1] ? Math.max(ratio, BOUNDS[0]) : BOUNDS[1]);
}

/** Seeds that rates are chosen on, and nothing else. */
const TUNING_SEEDS = ['tuning 0', 'tuning 1'];
/** Rates that go on from runs of a quarter of the steps to whole ones. */
const SURVIVORS = 5;

/** The best constant rates of Adam, of those that `evaluate` tries, by training and by validation loss at the end. */
export async function tuneAdam(task: SuiteTask): Promise<{train: number; validation: number}> {
  const {steps} = task, rungs = [{steps: Math.round(steps / 4), survivors: Infinity}, {steps, survivors: SURVIVORS}];
  const results = await successiveHalving(baseline('adam').rates, rungs, (learningRate, rung) => Promise.resolve(
    TUNING_SEEDS.map(seed => runToEnd(task, seed, rung.steps, {rule: 'adam', learningRate, horizon: 0}))), endings => sum(endings, e => e.train));
  const {scores} = results.at(-1)!;
  const best = (of: (ending: Ending) => number): number => byScore(scores.map(({candidate, score}) => ({candidate, score: sum(score, of)})))[0]!;
  return {train: best(e => e.train), validation: best(e => e.validation)};
}

function sum(endings: readonly Ending[], of: (ending: Ending) => number): number {
  return endings.reduce((total, ending) => total + of(ending), 0);
}
