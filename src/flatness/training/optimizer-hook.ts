import type {Optimizer, Scalar, Variable} from '@tensorflow/tfjs-core';
import {L2OError} from '../../errors.js';
import type {GradientResult} from './regularized-gradients.js';

/** What stands in for an optimizer's `computeGradients`. */
export interface OptimizerHook {
  /** Who put it there. */
  readonly owner: object;
  /** @param plain The optimizer's own `computeGradients` for the same variables. */
  readonly compute: (plain: (f: () => Scalar) => GradientResult, f: () => Scalar, variables: Variable[] | undefined) => GradientResult;
  /** Whether it still should: where not, it removes itself at the next use. */
  readonly isLive: () => boolean;
  /** Makes the optimizer as it was. */
  readonly remove: () => void;
}

const hooks = new WeakMap<Optimizer, OptimizerHook>();

/** The live hook of an optimizer. One that is no longer live is removed. */
export function hookOf(optimizer: Optimizer): OptimizerHook | undefined {
  const hook = hooks.get(optimizer);
  if (hook === undefined || hook.isLive()) return hook;
  hook.remove();
  return undefined;
}

/** Hooks an optimizer. @throws L2OError `INVALID_ARGUMENT` where it has a live hook. */
export function hookOptimizer(caller: string, optimizer: Optimizer, {owner, compute, isLive}: Omit<OptimizerHook, 'remove'>): OptimizerHook {
  if (hookOf(optimizer) !== undefined) {
    throw new L2OError('INVALID_ARGUMENT', `${caller}: expected an optimizer that is not regularized yet, got one that is. Use one FlatnessRegularizer at a time, either as callback or by wrap.`);
  }
  // Where the method was an own property already, that comes back.
  const before = Object.getOwnPropertyDescriptor(optimizer, 'computeGradients'), own = optimizer.computeGradients.bind(optimizer);
  const hook: OptimizerHook = {
    owner, compute, isLive,
    remove: () => {
      if (hooks.get(optimizer) !== hook) return;
      hooks.delete(optimizer);
      Reflect.deleteProperty(optimizer, 'computeGradients');
      if (before !== undefined) Object.defineProperty(optimizer, 'computeGradients', before);
    },
  };
  hooks.set(optimizer, hook);
  const shadow: Optimizer['computeGradients'] = (f, variables) => {
    if (hookOf(optimizer) !== hook) return own(f, variables);
    return compute(g => own(g, variables), f, variables);
  };
  Object.defineProperty(optimizer, 'computeGradients', {value: shadow, configurable: true, writable: true, enumerable: false});
  return hook;
}
