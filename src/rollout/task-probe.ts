import {dispose, tensor, util, variable, type NamedTensorMap, type Tensor, type Variable} from '@tensorflow/tfjs-core';
import type {LossProbe} from '../flatness/loss-probe.js';
import type {Task} from '../tasks/task-family.js';
import type {BatchReader} from './batch-reader.js';
import {differentiateAs, evaluateLoss} from './task-contract.js';
import type {TaskOrigin} from './task-origin.js';

/** A step whose loss may be anything. */
const PROBING = 1;
let created = 0;

/** A run of a task as a probe sees it. */
export interface ProbedRun {
  readonly task: Task;
  readonly origin: TaskOrigin;
  /** The run's own reader of training batches. */
  readonly batches: BatchReader;
  /** Its parameters now, by the task's names. */
  readonly params: NamedTensorMap;
  /** Throws where the run has gone on since the probe was taken. */
  readonly assertCurrent: () => void;
}

/** The plain loss on the batches of a run's next steps: what delays or disturbs gradients is no part of it. */
export function taskProbe({task, origin, batches, params, assertCurrent}: ProbedRun, numBatches: number): LossProbe {
  const names = Object.keys(params), current = Object.values(params), shapes = current.map(p => p.shape);
  const overBatches = (at: Float32Array, visit: (params: NamedTensorMap, batch: unknown) => void): void => {
    assertCurrent();
    const variables = toVariables(at, names, shapes);
    try {
      for (let k = 0; k < numBatches; k++) visit(variables, batches.peek(k));
    } finally {
      dispose(variables);
    }
  };
  return {
    shapes,
    parameters: () => readAll(current),
    loss: at => {
      let total = 0;
      overBatches(at, (variables, batch) => (total += evaluateLoss(task, variables, batch, PROBING, origin)));
      return total / numBatches;
    },
    gradient: at => {
      const sum = new Float32Array(at.length);
      let total = 0;
      overBatches(at, (variables, batch) => {
        const {loss, lossValue, gradients} = differentiateAs('loss', task, variables, batch, PROBING, origin);
        total += lossValue;
        readAll(names.map(name => gradients[name]!)).forEach((g, i) => (sum[i]! += g / numBatches));
        dispose([loss, gradients]);
      });
      return {loss: total / numBatches, gradient: sum};
    },
  };
}

/** The values of all tensors, one after another. */
export function readAll(tensors: readonly Tensor[]): Float32Array {
  const values = new Float32Array(tensors.reduce((sum, t) => sum + t.size, 0));
  let at = 0;
  for (const t of tensors) {
    values.set(t.dataSync<'float32'>(), at);
    at += t.size;
  }
  return values;
}

/** Variables, whose gradients can be taken, with the values of a parameter vector. */
function toVariables(at: Float32Array, names: readonly string[], shapes: ReadonlyArray<readonly number[]>): NamedTensorMap {
  let start = 0;
  return Object.fromEntries(names.map((name, i): [string, Variable] => {
    const shape = [...shapes[i]!], value = tensor(at.slice(start, start += util.sizeFromShape(shape)), shape, 'float32');
    const made = variable(value, false, `rollout_probe_${created++}`);
    value.dispose();
    return [name, made];
  }));
}
