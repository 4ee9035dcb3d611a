/**
 * A theta beside Adam on tasks of the recipe's family, one run each. A score near 1 says that ours is far better, near −1 far worse;
 * how far hardly matters, as it is the number of tasks won that users meet.
 */
import type {Random} from '../../src/random.js';
import type {RolloutEngine} from '../../src/rollout/engine.js';
import type {RolloutOptions} from '../../src/rollout/rollout.js';
import type {SampledTask} from '../../src/tasks/sampled-task.js';
import {sampleTask} from '../tensor-lstm-family.js';

/** Rates that Adam is tuned over, on the very run. */
const RATES = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1];
const TAIL = 0.1, VALIDATION_BATCHES = 4;
/** Losses below this share of the first are told apart no more. */
const FLOOR = 1e-5, VALIDATION_FLOOR = 1e-6;
/** Log ratios that count as clear wins: of the training loss, and of the validation loss. */
const CLEAR = 0.5, VALIDATION_CLEAR = 0.1;
const DIVERGED = 1e9;

/** What the rule is told of the run's length. */
export type Told = 'right' | 'none' | 'half' | 'double';

/** Of twenty tasks eight are told right. */
function toldOf(index: number): Told {
  const place = index % 20;
  return place < 8 ? 'right' : place < 13 ? 'none' : place < 16 ? 'half' : 'double';
}

/** How a theta did on one task. */
export interface DuelResult {
  readonly index: number;
  readonly told: Told;
  /** Log of the final training loss of tuned Adam with a cosine schedule over ours. */
  readonly train: number;
  /** Log of the validation loss of tuned Adam over ours. */
  readonly validation: number;
  readonly diverged: boolean;
}

/** What refinement maximises: the mean of both scores, that of training weighing 1.5 times as much. */
export function meanScore(results: readonly DuelResult[]): number {
  return results.reduce((sum, {train, validation}) => sum + 1.5 * Math.tanh(train / CLEAR) + Math.tanh(validation / VALIDATION_CLEAR), 0) / results.length;
}

interface Ends {
  readonly final: number;
  readonly validation: number;
  readonly first: number;
  readonly diverged: boolean;
}

/** One task with its peers' losses. */
export class Duel {
  private readonly task: SampledTask;
  private readonly told: Told;
  private readonly adam: Ends;
  private readonly cosine: Ends;

  constructor(private readonly engine: RolloutEngine, readonly index: number, root: Random) {
    this.task = sampleTask(root.fork(index));
    this.told = toldOf(index);
    const best = (schedule: 'constant' | 'cosine'): Ends =>
      RATES.map(learningRate => this.run({rule: 'adam', learningRate, schedule, horizon: this.task.steps, hasLoss: true})).reduce((a, b) => (b.final < a.final ? b : a));
    this.adam = best('constant');
    this.cosine = best('cosine');
  }

  judge(theta: Float32Array): DuelResult {
    const {steps, hasLoss} = this.task, horizon = {right: steps, none: 0, half: Math.round(steps / 2), double: 2 * steps}[this.told];
    const ours = this.run({rule: 'tensor-lstm', learningRate: 1, horizon, hasLoss, parameterScale: true}, theta), floor = FLOOR * Math.abs(ours.first);
    const ratio = (theirs: number, our: number, least: number): number => Math.log((Math.max(theirs, 0) + least) / (Math.max(our, 0) + least));
    return {
      index: this.index, told: this.told, diverged: ours.diverged,
      train: ratio(this.cosine.final, ours.final, floor), validation: ratio(this.adam.validation, ours.validation, VALIDATION_FLOOR),
    };
  }

  private run(options: RolloutOptions, theta?: Float32Array): Ends {
    const {task: {problem, steps}, engine} = this, loaded = engine.load(problem), rollout = engine.start(loaded, options), losses = new Float32Array(steps).fill(DIVERGED);
    try {
      if (theta !== undefined) rollout.setTheta(theta);
      const diverged = rollout.run(steps, losses) < steps, tail = losses.subarray(steps - Math.max(1, Math.round(TAIL * steps)));
      const validation = diverged ? DIVERGED : finite(rollout.evaluate('validation', VALIDATION_BATCHES).loss);
      return {final: tail.reduce((sum, loss) => sum + finite(loss), 0) / tail.length, validation, first: losses[0]!, diverged};
    } finally {
      rollout.dispose();
      loaded.dispose();
    }
  }
}

function finite(loss: number): number {
  return Number.isFinite(loss) ? loss : DIVERGED;
}
