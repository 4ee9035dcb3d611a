import type {RolloutEngine} from '../rollout/engine.js';
import type {RolloutOptions} from '../rollout/rollout.js';
import {hasBatches} from '../tasks/compiled-problem.js';
import type {SampledTask} from '../tasks/sampled-task.js';
import {logLossScore} from './objective.js';

/** How one rule did on one task. */
export interface TaskResult {
  readonly name: string;
  /** Mean score of the training curve; see `logLossScore`. */
  readonly curve: number;
  /** Score of the mean loss over all examples after the last step. */
  readonly final: number;
  readonly finalLoss: number;
  readonly diverged: boolean;
}

/** How {@link runTask} steps. */
export interface RunTaskOptions extends Pick<RolloutOptions, 'rule' | 'learningRate' | 'momentum'> {
  /** Of `tensor-lstm`. */
  readonly theta?: Float32Array;
}

/** Runs one rule on one task from start to end. */
export function runTask(engine: RolloutEngine, task: SampledTask, {theta, ...options}: RunTaskOptions): TaskResult {
  const loaded = engine.load(task.problem);
  const {horizon, hasLoss, parameterScale = true} = task, rollout = engine.start(loaded, {...options, horizon, hasLoss, parameterScale});
  if (theta !== undefined) rollout.setTheta(theta);
  const losses = new Float32Array(Math.min(task.steps, 1000));
  let total = 0, first = 0, made = 0;
  for (let left = task.steps; left > 0; left -= losses.length) {
    const length = Math.min(left, losses.length), ran = rollout.run(length, losses);
    if (first === 0) first = losses[0]!;
    for (let k = 0; k < length; k++) total += logLossScore(k < ran ? losses[k]! : Infinity, first);
    made += ran;
    if (ran < length) {
      total += (left - length) * logLossScore(Infinity, first);
      break;
    }
  }
  const {loss} = hasBatches(task.problem) ? rollout.evaluateWhole() : rollout.evaluate('train', 1);
  rollout.dispose();
  loaded.dispose();
  return {name: task.name, curve: total / task.steps, final: logLossScore(Number.isFinite(loss) ? loss : Infinity, first), finalLoss: loss, diverged: made < task.steps};
}

/** The best of Adam over `rates`, by the score of its final loss; the peer that a theta is measured against. */
export function bestAdam(engine: RolloutEngine, task: SampledTask, rates: readonly number[]): TaskResult & {rate: number} {
  const results = rates.map(rate => ({...runTask(engine, task, {rule: 'adam', learningRate: rate}), rate}));
  return results.reduce((best, r) => (r.final < best.final ? r : best));
}
