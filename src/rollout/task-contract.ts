import {dispose, engine, scalar, Tensor, tidy, type NamedTensorMap, type Scalar} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import type {Task} from '../tasks/task-family.js';
import {LARGEST_LOSS} from './rollout.js';
import {rejectTask, type TaskOrigin} from './task-origin.js';

/** The initial parameters, checked; the caller disposes them. @throws L2OError `INVALID_ARGUMENT`. */
export function initialParameters(task: Task, origin: TaskOrigin): NamedTensorMap {
  const initial: unknown = attempt(() => tidy(() => task.init()), 'init()', origin, 0);
  const entries = typeof initial === 'object' && initial !== null ? Object.entries(initial) as Array<[string, unknown]> : [];
  const bad = entries.find(([, value]) => !(value instanceof Tensor) || value.dtype !== 'float32');
  if (entries.length === 0 || bad !== undefined) {
    dispose(initial as NamedTensorMap);
    rejectTask(origin, 0, `expected init() to return named float32 tensors, got ${bad === undefined ? 'none' : `'${bad[0]}' as ${describe(bad[1])}`}`, 'Return for example {w: tf.zeros([2, 3])}.');
  }
  return initial as NamedTensorMap;
}

/** Loss and gradients at some parameters; the receiver disposes both. */
export interface StepGradients {
  readonly loss: Scalar;
  readonly lossValue: number;
  /** By the variable's registered name, or by the task's own name for the parameter. */
  readonly gradients: NamedTensorMap;
}

/**
 * Loss and gradients at the parameters, as an optimizer is to see them: by the task's own `gradients` where it has them, else
 * those of `loss`. By the variables' registered names.
 * @throws L2OError `INVALID_ARGUMENT` where the loss is no scalar, is not finite at step 0, ignores a parameter or throws, or
 *     a gradient has another shape than its parameter.
 */
export function differentiate(task: Task, params: NamedTensorMap, batch: unknown, step: number, origin: TaskOrigin): StepGradients {
  const {gradients, ...rest} = differentiateAs('seen', task, params, batch, step, origin);
  return {...rest, gradients: Object.fromEntries(Object.entries(params).map(([name, v]) => [(v as Tensor & {name: string}).name, gradients[name]!]))};
}

/**
 * The same, by the task's own names for its parameters.
 * @param which What the optimizer sees, for a task with `gradients` of its own; or the gradients of the loss itself.
 * @throws L2OError as {@link differentiate}.
 */
export function differentiateAs(which: 'seen' | 'loss', task: Task, params: NamedTensorMap, batch: unknown, step: number, origin: TaskOrigin): StepGradients {
  const {loss, gradients} = task.gradients === undefined || which === 'loss'
    ? plainGradients(task, params, batch, step, origin)
    : attempt(() => task.gradients!(params, batch, step), 'gradients(…)', origin, step);
  try {
    checkScalar(loss, step, origin);
    for (const [name, param] of Object.entries(params)) checkGradient(name, param, gradients[name], step, origin);
    const lossValue = loss.dataSync()[0]!;
    if (step === 0 && !(Math.abs(lossValue) < LARGEST_LOSS)) rejectStart(lossValue, origin);
    return {loss, lossValue, gradients};
  } catch (error) {
    dispose([loss, gradients]);
    throw error;
  }
}

function plainGradients(task: Task, params: NamedTensorMap, batch: unknown, step: number, origin: TaskOrigin): {loss: Scalar; gradients: NamedTensorMap} {
  const names = Object.keys(params);
  return attempt(() => tidy(() => {
    let failure: {readonly error: unknown} | undefined;
    // Nothing may be thrown through TF.js's tape: it would keep what it has saved so far.
    const lossOf = (): Scalar => {
      try {
        const loss = task.loss(params, batch);
        checkScalar(loss, step, origin);
        return loss;
      } catch (error) {
        failure = {error};
        return scalar(0);
      }
    };
    // With gradients allowed to be missing, so that the error can say which.
    const {value, grads} = engine().gradients(lossOf, Object.values(params), undefined, true);
    if (failure !== undefined) throw (failure as {error: unknown}).error;
    return {loss: value, gradients: Object.fromEntries(names.map((name, i) => [name, grads[i]!]))};
  }), 'loss(…) or its gradient', origin, step);
}

/** The loss on a batch. @throws L2OError `INVALID_ARGUMENT` where it is no scalar, is not finite at step 0, or throws. */
export function evaluateLoss(task: Task, params: NamedTensorMap, batch: unknown, step: number, origin: TaskOrigin): number {
  return attempt(() => tidy(() => {
    const loss = task.loss(params, batch);
    checkScalar(loss, step, origin);
    const value = loss.dataSync()[0]!;
    if (step === 0 && !(Math.abs(value) < LARGEST_LOSS)) rejectStart(value, origin);
    return value;
  }), 'loss(…)', origin, step);
}

/** Throws the error of a task whose loss is not finite at the start. */
export function rejectStart(value: number, origin: TaskOrigin): never {
  return rejectTask(origin, 0, `expected a loss that is finite at the initial parameters, got ${value}`, 'Check the initial parameters and the data.');
}

function checkScalar(loss: unknown, step: number, origin: TaskOrigin): void {
  if (loss instanceof Tensor && loss.size === 1 && loss.rank === 0) return;
  rejectTask(origin, step, `expected the loss to be a scalar, got ${describe(loss)}`, 'Reduce it, for example with tf.mean.');
}

function checkGradient(name: string, param: Tensor, gradient: unknown, step: number, origin: TaskOrigin): void {
  if (gradient === null || gradient === undefined) {
    rejectTask(origin, step, `expected the loss to depend on every parameter, got no gradient for '${name}'`, 'Use it in the loss, or leave it out of init().');
  }
  const found = gradient instanceof Tensor ? gradient as Tensor : undefined;
  if (found?.dtype !== 'float32' || found.shape.join() !== param.shape.join()) {
    rejectTask(origin, step, `expected a float32 gradient of shape [${param.shape.join(', ')}] for '${name}', got ${describe(gradient)}`, 'Keep the shapes of the parameters.');
  }
}

/** What the task's own code returns; what it throws is told with the task. */
function attempt<T>(run: () => T, what: string, origin: TaskOrigin, step: number): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof L2OError) throw error;
    const remedy = /gradient function not found/i.test(String(error)) ? "Import '@tensorflow/tfjs-layers', which brings TF.js's gradients." : 'See its cause.';
    return rejectTask(origin, step, `expected ${what} to return, got the error "${error instanceof Error ? error.message : String(error)}"`, remedy, error);
  }
}

function describe(value: unknown): string {
  if (value instanceof Tensor) return describeTensor(value as Tensor);
  return value === null || typeof value !== 'object' ? String(value) : 'an object that is no tensor';
}

function describeTensor({dtype, shape}: Tensor): string {
  return `a ${dtype} tensor of shape [${shape.join(', ')}]`;
}
