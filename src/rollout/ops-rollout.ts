import {dispose, tensor, variable, type NamedTensorMap, type Variable} from '@tensorflow/tfjs-core';
import type {LossProbe} from '../flatness/loss-probe.js';
import type {Split, Task} from '../tasks/task-family.js';
import {BatchReader} from './batch-reader.js';
import {EVALUATION_BATCHES, LARGEST_LOSS, stalePoint, type Evaluation, type Rollout, type RolloutOptions, type RolloutState, type StepObserver} from './rollout.js';
import {createStepper, type Stepper} from './steppers.js';
import {differentiate, evaluateLoss, initialParameters} from './task-contract.js';
import type {TaskOrigin} from './task-origin.js';
import {readAll, taskProbe} from './task-probe.js';

let created = 0;

/**
 * Runs any task on the current TF.js backend. The learned rule steps by the same code as `LearnedOptimizer`, the baselines by
 * TF.js's own optimizers; so what is meta-trained, and what it is compared with, is what ships.
 *
 * It owns its task: rollouts that shall see the same batches each take a task of their own, sampled from the same seed.
 */
export class OpsRollout implements Rollout {
  private readonly variables: Variable[];
  /** The variables by the task's own names for them. */
  private readonly params: NamedTensorMap;
  private readonly stepper: Stepper;
  private readonly batches: BatchReader;
  private made = 0;

  /**
   * @param origin Where the task came from, for errors.
   * @param makeStepper Makes the steps in place of `options.rule`, for rules from elsewhere.
   * @throws L2OError `INVALID_ARGUMENT` where the task has no usable parameters.
   */
  constructor(private readonly task: Task, private readonly origin: TaskOrigin, options: RolloutOptions, makeStepper: typeof createStepper = createStepper) {
    const initial = initialParameters(task, origin), prefix = `rollout_${created++}`;
    const entries = Object.entries(initial).map(([name, value]) => [name, variable(value, false, `${prefix}/${name}`)] as const);
    dispose(initial);
    this.variables = entries.map(([, v]) => v);
    this.params = Object.fromEntries(entries);
    this.stepper = makeStepper(this.variables, options);
    this.batches = new BatchReader(task, 'train', origin);
  }

  setTheta(theta: Float32Array): void {
    this.stepper.setTheta(theta);
  }

  /** As in {@link Rollout}. @throws L2OError `INVALID_ARGUMENT` where the task breaks its contract. */
  run(steps: number, losses: Float32Array, observe?: StepObserver): number {
    for (let k = 0; k < steps; k++) {
      if (!this.step(losses, k, observe)) return k;
      this.made++;
    }
    return steps;
  }

  private step(losses: Float32Array, k: number, observe: StepObserver | undefined): boolean {
    const batch = this.batches.next();
    try {
      const {loss, lossValue, gradients} = differentiate(this.task, this.params, batch, this.made, this.origin);
      losses[k] = lossValue;
      try {
        if (!(Math.abs(lossValue) < LARGEST_LOSS)) return false;
        if (observe === undefined) return this.stepper.step(gradients, loss, lossValue);
        const gradient = readAll(this.variables.map(v => gradients[v.name]!)), before = readAll(this.variables);
        if (!this.stepper.step(gradients, loss, lossValue)) return false;
        observe(gradient, readAll(this.variables).map((x, i) => x - before[i]!));
        return true;
      } finally {
        dispose([loss, gradients]);
      }
    } finally {
      BatchReader.free(batch);
    }
  }

  snapshot(): RolloutState {
    const task = this.task.state?.();
    return {
      step: this.made, pieces: [...this.variables.map(v => v.dataSync<'float32'>().slice()), ...this.stepper.snapshot()],
      ...(task !== undefined && {task}),
    };
  }

  restore({step, pieces, task}: RolloutState): void {
    if (task !== undefined) this.task.setState?.(task, step);
    this.stepper.restore(pieces.slice(this.variables.length), step);
    this.variables.forEach((v, i) => {
      // A copy: the cpu backend keeps the very array that it is given.
      const value = tensor(pieces[i]!.slice(), v.shape, 'float32');
      v.assign(value);
      value.dispose();
    });
    this.made = step;
    this.batches.seek(step);
  }

  evaluate(split: Split = 'train', numBatches = EVALUATION_BATCHES): Evaluation {
    const batches = new BatchReader(this.task, split, this.origin);
    let total = 0;
    try {
      for (let k = 0; k < numBatches; k++) {
        const batch = batches.next();
        try {
          total += evaluateLoss(this.task, this.params, batch, this.made, this.origin);
        } finally {
          BatchReader.free(batch);
        }
      }
    } finally {
      batches.close();
    }
    return {loss: total / numBatches};
  }

  probe(numBatches = 1): LossProbe {
    const {made: step, task, origin, batches, params} = this;
    const assertCurrent = (): void => {
      if (this.made !== step) stalePoint(step, this.made);
    };
    return taskProbe({task, origin, batches, params, assertCurrent}, numBatches);
  }

  /** Copies of the current parameters, by the task's names. */
  parameters(): Record<string, Float32Array> {
    return Object.fromEntries(Object.entries(this.params).map(([name, v]) => [name, v.dataSync<'float32'>().slice()]));
  }

  dispose(): void {
    this.batches.close();
    this.stepper.dispose();
    dispose(this.variables);
    this.task.dispose?.();
  }
}
