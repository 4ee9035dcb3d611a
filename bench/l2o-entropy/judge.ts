/** One training run of the study in the compiled engine, and what is known of the model at its end. */
import {Random} from '../../src/random.js';
import {threadEngine} from '../../src/rollout/engine.js';
import type {RolloutOptions} from '../../src/rollout/rollout.js';
import {compiledFormOf} from '../../src/tasks/compiled-problem.js';
import {flatnessAt, type SolutionFlatness} from './solution-flatness.js';
import type {JudgedTask} from './tasks.js';

/** What trains the models. */
export interface Contender {
  readonly options: Pick<RolloutOptions, 'rule' | 'learningRate' | 'momentum'>;
  /** Of a learned rule. */
  readonly theta?: Float32Array;
}

/** A trained model. */
export interface Solution {
  /** Share of right classes among images that training has not seen; a guess's where the run diverged. */
  readonly testAccuracy: number;
  readonly testLoss: number;
  /** Test accuracies on the way, after each of the `stops`. */
  readonly accuracyAt: readonly number[];
  /** Over all training images, wrong labels included. */
  readonly trainAccuracy: number;
  readonly trainLoss: number;
  /** Mean natural logarithm of the batch losses of the whole run. */
  readonly curve: number;
  readonly diverged: boolean;
  /** Of the training loss; where asked for, and the run did not diverge. */
  readonly flatness?: SolutionFlatness;
}

/** Losses are counted as at least and at most this. */
const SMALLEST = 1e-6, LARGEST = 10;
/** Batches that flatness is measured on, together. */
const FLATNESS_BATCHES = 10;

/** One training run. */
export interface RunOptions {
  /** Images, wrong labels, start and batches all come from it, and from the task's name. */
  readonly seed: number;
  /** Steps after which test accuracy is taken, ascending; the last one is the end. */
  readonly stops: readonly number[];
  readonly withFlatness: boolean;
}

/** Trains on a task. @throws Error where the compiled engine cannot. */
export function train({family, name}: JudgedTask, {options, theta}: Contender, {seed, stops, withFlatness}: RunOptions): Solution {
  const random = new Random(seed).fork(name), form = compiledFormOf(family.sample(random)), engine = threadEngine();
  if (form === undefined || engine === undefined) throw new Error(`expected '${name}' to have a compiled form and this machine an engine`);
  const problem = form(), loaded = engine.load(problem), rollout = engine.start(loaded, {horizon: 0, hasLoss: true, ...options});
  try {
    if (theta !== undefined) rollout.setTheta(theta);
    const steps = stops.at(-1)!, losses = new Float32Array(steps), accuracyAt: number[] = [];
    let made = 0, diverged = false;
    for (const stop of stops) {
      const ran = rollout.run(stop - made, losses.subarray(made, stop));
      diverged = ran < stop - made;
      if (diverged) break;
      made = stop;
      accuracyAt.push(rollout.evaluateWhole('validation').accuracy);
    }
    if (diverged) {
      // The last layer's biases, the last parameters of all these tasks, are one for each class.
      const chance = 1 / problem.parameters.at(-1)!.values.length;
      return {testAccuracy: chance, testLoss: LARGEST, trainAccuracy: chance, trainLoss: LARGEST, curve: Math.log(LARGEST), diverged, accuracyAt: stops.map((_, i) => accuracyAt[i] ?? chance)};
    }
    const ofTest = rollout.evaluateWhole('validation'), ofTraining = rollout.evaluateWhole('train');
    const curve = losses.reduce((sum, loss) => sum + Math.log(clamped(loss)), 0) / steps;
    return {
      testAccuracy: ofTest.accuracy, testLoss: clamped(ofTest.loss), trainAccuracy: ofTraining.accuracy, trainLoss: clamped(ofTraining.loss), curve, diverged, accuracyAt,
      ...(withFlatness && {flatness: flatnessAt(rollout.probe(FLATNESS_BATCHES), random.fork('flatness'))}),
    };
  } finally {
    rollout.dispose();
    loaded.dispose();
  }
}

function clamped(loss: number): number {
  return Number.isFinite(loss) ? Math.min(LARGEST, Math.max(SMALLEST, loss)) : LARGEST;
}
