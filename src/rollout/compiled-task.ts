import {scalar, tensor, tidy, type NamedTensorMap, type Scalar} from '@tensorflow/tfjs-core';
import {compiledFormOf} from '../tasks/compiled-problem.js';
import type {Split, Task} from '../tasks/task-family.js';
import {threadEngine} from './engine.js';
import {readAll} from './task-probe.js';

/** Which batch of which split: the engine draws it itself. */
interface BatchNumber {
  readonly split: Split;
  readonly step: number;
}

/**
 * The same task for rules that only step TF.js's variables: its losses and gradients come from this thread's compiled engine, where
 * task and machine allow, else it is the task itself. It owns `task` from now on.
 */
export function compiledTask(task: Task): Task {
  const form = compiledFormOf(task), engine = form === undefined ? undefined : threadEngine();
  if (form === undefined || engine === undefined) return task;
  const loaded = engine.load(form()), rollout = engine.start(loaded, {rule: 'sgd', learningRate: 0, horizon: 0, hasLoss: true}, undefined, () => loaded.dispose());
  const evaluate = (params: NamedTensorMap, {split, step}: BatchNumber): Scalar => scalar(rollout.lossAt(readAll(Object.values(params)), split, step));
  const gradients: Required<Task<BatchNumber>>['gradients'] = (params, {split, step}) => {
    const {loss, gradient} = rollout.gradientAt(readAll(Object.values(params)), split, step);
    let at = 0;
    const tensors = Object.entries(params).map(([name, {shape, size}]) => [name, tensor(gradient.slice(at, (at += size)), shape, 'float32')] as const);
    return {loss: scalar(loss), gradients: Object.fromEntries(tensors)};
  };
  return {
    init: () => tidy(() => task.init()),
    loss: evaluate,
    gradients,
    *batches(split) {
      for (let step = 0; ; step++) yield {split, step};
    },
    dispose: () => {
      rollout.dispose();
      task.dispose?.();
    },
  } satisfies Task<BatchNumber>;
}
