import {dispose, type NamedTensorMap, type Tensor, type Tensor1D} from '@tensorflow/tfjs-core';
import type {LossProbe} from '../../flatness/loss-probe.js';
import {BatchReader} from '../../rollout/batch-reader.js';
import {LARGEST_LOSS, stalePoint, type RolloutState} from '../../rollout/rollout.js';
import {differentiateAs, initialParameters} from '../../rollout/task-contract.js';
import type {TaskOrigin} from '../../rollout/task-origin.js';
import {readAll, taskProbe} from '../../rollout/task-probe.js';
import type {Split, Task} from '../../tasks/task-family.js';
import type {DifferentiableRule} from './differentiable-rule.js';
import type {TracedStep} from './pull-back.js';
import {initialState, nextState, stateOf, tensorsOf, tidyState, unflatten, type UnrolledState} from './unrolled-state.js';

/** How a run is made. */
export interface UnrolledRunOptions {
  readonly rule: DifferentiableRule;
  /** Planned steps that the rule is told; 0 hides them. */
  readonly horizon: number;
  /** Whether the rule is shown the loss. */
  readonly hasLoss: boolean;
}

/** A loss and its gradient with respect to all parameters, flat. */
export interface LossAt {
  readonly loss: number;
  readonly gradient: Float32Array;
}

/** One step that was made. */
export interface UnrolledStep extends TracedStep {
  /** The loss before the step. */
  readonly lossAt: LossAt;
  /** The gradient that the rule saw, flat: another one than that of the loss where the task says so. */
  readonly seen: Float32Array;
}

/**
 * A training run by a rule's differentiable form that keeps what backpropagation through the rule needs. The task's gradients are
 * taken one step at a time, at the parameters alone, like those of any rollout. It owns its task.
 */
export class UnrolledRun {
  private readonly names: readonly string[];
  private readonly initial: Tensor[];
  private readonly batches: BatchReader;
  private state: UnrolledState | undefined;
  private made = 0;

  /** @throws L2OError `INVALID_ARGUMENT` where the task has no usable parameters. */
  constructor(private readonly task: Task, private readonly origin: TaskOrigin, private readonly options: UnrolledRunOptions) {
    const initial = initialParameters(task, origin);
    this.names = Object.keys(initial);
    this.initial = Object.values(initial);
    this.batches = new BatchReader(task, 'train', origin);
  }

  /** Steps made. */
  get steps(): number {
    return this.made;
  }

  /** Number of all parameters. */
  get size(): number {
    return this.initial.reduce((sum, p) => sum + p.size, 0);
  }

  /** One step. What it keeps is freed by `free`. @returns `undefined` where loss or gradients are not finite: nothing has changed then. */
  step(theta: Tensor1D): UnrolledStep | undefined {
    const state = this.state ??= tidyState(() => initialState(this.options.rule, theta, this.initial));
    const batch = this.batches.next();
    try {
      const {lossValue, gradients: byName, loss} = differentiateAs('seen', this.task, this.params(), batch, this.made, this.origin);
      loss.dispose();
      const gradients = this.names.map(name => byName[name]!), seen = readAll(gradients);
      if (!(Math.abs(lossValue) < LARGEST_LOSS && seen.every(Number.isFinite))) {
        dispose(gradients);
        return undefined;
      }
      const lossAt = {loss: lossValue, gradient: this.task.gradients === undefined ? seen : this.differentiateLoss(batch).gradient};
      const {rule, horizon, hasLoss} = this.options, inputs = {gradients, time: this.made, horizon, shownLoss: hasLoss ? lossValue : undefined};
      this.state = tidyState(() => nextState(rule, theta, state, inputs));
      this.made++;
      return {state, inputs, lossAt, seen};
    } finally {
      BatchReader.free(batch);
    }
  }

  /** What the last step added to the parameters of this state, flat. */
  changeSince({params}: UnrolledState): Float32Array {
    const before = readAll(params);
    return readAll(Object.values(this.params())).map((x, i) => x - before[i]!);
  }

  /** Frees steps at the end of their window. */
  free(steps: readonly UnrolledStep[]): void {
    dispose(steps.flatMap(({state, inputs}) => [...tensorsOf(state), ...inputs.gradients]));
  }

  /** The loss on the batch of the next step. */
  ahead(): LossAt {
    return this.differentiateLoss(this.batches.peek(0));
  }

  /** Mean loss on the first batches of a split. */
  lossOn(split: Split, numBatches: number): LossAt {
    const batches = new BatchReader(this.task, split, this.origin), gradient = new Float32Array(this.size);
    let loss = 0;
    try {
      for (let k = 0; k < numBatches; k++) {
        const batch = batches.next();
        try {
          const at = this.differentiateLoss(batch);
          loss += at.loss / numBatches;
          at.gradient.forEach((g, i) => (gradient[i]! += g / numBatches));
        } finally {
          BatchReader.free(batch);
        }
      }
    } finally {
      batches.close();
    }
    return {loss, gradient};
  }

  /** As of any rollout. */
  probe(): LossProbe {
    const {made: step, task, origin, batches} = this;
    const assertCurrent = (): void => {
      if (this.made !== step) stalePoint(step, this.made);
    };
    return taskProbe({task, origin, batches, params: this.params(), assertCurrent}, 1);
  }

  /** All state; no pieces before the first step. */
  snapshot(): RolloutState {
    const task = this.task.state?.(), tensors = this.state === undefined ? [] : tensorsOf(this.state);
    return {step: this.made, pieces: tensors.map(t => t.dataSync<'float32'>().slice()), ...(task !== undefined && {task})};
  }

  /** Goes on from a snapshot of a run of the same task and options. @param theta Any theta of the rule. */
  restore({step, pieces, task}: RolloutState, theta: Tensor1D): void {
    this.clear();
    if (task !== undefined) this.task.setState?.(task, step);
    this.made = step;
    this.batches.seek(step);
    if (pieces.length === 0) return;
    // Made for its shapes, which are those of any state of this run.
    const template = tidyState(() => initialState(this.options.rule, theta, this.initial)), old = tensorsOf(template);
    this.state = stateOf(template, old.map((t, i) => unflatten(pieces[i]!, [t.shape])[0]!));
    dispose(old);
  }

  dispose(): void {
    this.clear();
    this.batches.close();
    dispose(this.initial);
    this.task.dispose?.();
  }

  private clear(): void {
    if (this.state !== undefined) dispose(tensorsOf(this.state));
    this.state = undefined;
  }

  private params(): NamedTensorMap {
    const params = this.state?.params ?? this.initial;
    return Object.fromEntries(this.names.map((name, i) => [name, params[i]!]));
  }

  private differentiateLoss(batch: unknown): LossAt {
    const {lossValue, loss, gradients} = differentiateAs('loss', this.task, this.params(), batch, this.made, this.origin);
    const gradient = readAll(this.names.map(name => gradients[name]!));
    dispose([loss, gradients]);
    return {loss: lossValue, gradient};
  }
}
