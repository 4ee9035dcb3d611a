import * as tf from '@tensorflow/tfjs-core';
// tfjs-core alone has no gradients: tfjs-layers registers them.
import '@tensorflow/tfjs-layers';
import type {LossAndGradients, Task} from '../task-family.js';

/**
 * Loss and gradients of one step, as the optimizer is to see them: the task's own `gradients` where it has them, else those of
 * its loss. The caller disposes all tensors.
 *
 * @param step Number of the step in its rollout, from 0.
 */
export function taskGradients<B>(task: Task<B>, params: tf.NamedTensorMap, batch: B, step: number): LossAndGradients {
  if (task.gradients !== undefined) return task.gradients(params, batch, step);
  const names = Object.keys(params);
  const {value, grads} = tf.valueAndGrads((...tensors: tf.Tensor[]) =>
    task.loss(Object.fromEntries(names.map((name, i) => [name, tensors[i]!])), batch))(names.map(name => params[name]!));
  return {loss: value, gradients: Object.fromEntries(names.map((name, i) => [name, grads[i]!]))};
}
