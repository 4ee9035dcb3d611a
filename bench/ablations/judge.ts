import {validationTasks} from '../../recipes/tensor-lstm-validation.js';
import {baseline} from '../../src/evaluation/optimizers.js';
import {bestAdam, runTask, type TaskResult} from '../../src/meta/validation.js';
import {RolloutEngine} from '../../src/rollout/engine.js';

/** Scores on one task: means of log(loss / first loss), bounded; lower is better. */
export type Scores = Pick<TaskResult, 'curve' | 'final' | 'diverged'>;

/** Rates of Adam that are tried on each validation task, on the very run that counts: 1e-4 … 1. */
const RATES = baseline('adam').rates.filter(rate => rate >= 1e-4);

/** The recipe's validation tasks, and rules on them. */
export class Judge {
  private readonly engine = RolloutEngine.create();
  private readonly tasks = validationTasks();

  /** Adam at the best rate of each task. */
  adam(): Scores[] {
    return this.tasks.map(task => scoresOf(bestAdam(this.engine, task, RATES)));
  }

  /** A theta of `tensor-lstm`. */
  learned(theta: Float32Array, parameterScale: boolean): Scores[] {
    return this.tasks.map(task => scoresOf(runTask(this.engine, {...task, parameterScale}, {rule: 'tensor-lstm', learningRate: 1, theta})));
  }
}

function scoresOf({curve, final, diverged}: TaskResult): Scores {
  return {curve, final, diverged};
}
