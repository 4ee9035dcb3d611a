import {engine, util, type Optimizer, type Tensor, type Variable} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import {assertReachable} from './live-backend.js';

/** What `applyGradients` takes: gradients by variable name, or a list. */
export type Gradients = Parameters<Optimizer['applyGradients']>[0];

/** A variable and its gradient. */
export interface VariableGradient {
  readonly variable: Variable;
  readonly gradient: Tensor;
}

/**
 * Finds the variables that gradients belong to. Variables without a gradient are left out; one that two layers share,
 * and that is therefore listed twice, appears once.
 *
 * @throws L2OError where a variable's backend is gone, a name is no registered variable, a variable or gradient is not float32, or a gradient has another
 *     shape or has been disposed.
 */
export function resolveGradients(gradients: Gradients): VariableGradient[] {
  const listed: Array<[string, Tensor | null | undefined]> = Array.isArray(gradients)
    ? gradients.map(({name, tensor}) => [name, tensor])
    : Object.entries(gradients);
  const found = new Map<Variable, Tensor>();
  for (const [name, gradient] of listed) {
    if (gradient === null || gradient === undefined) continue;
    const variable = engine().registeredVariables[name];
    if (variable === undefined) {
      throw new L2OError('INVALID_ARGUMENT', `applyGradients: expected names of registered variables, got '${name}'. Pass the variable's own name, and do not dispose variables in training.`);
    }
    if (variable.dtype !== 'float32') {
      throw new L2OError('UNSUPPORTED_DTYPE', `applyGradients: expected float32 variables, got '${name}' of dtype ${variable.dtype}. Cast it to float32, or leave it out of the trained variables.`);
    }
    assertReachable(variable);
    if (!util.arraysEqual(gradient.shape, variable.shape)) {
      throw new L2OError('INVALID_ARGUMENT', `applyGradients: expected a gradient of shape [${variable.shape.join(', ')}] for '${name}', got [${gradient.shape.join(', ')}]. Pass the gradient of this variable.`);
    }
    if (gradient.isDisposed) {
      throw new L2OError('INVALID_ARGUMENT', `applyGradients: expected a live gradient for '${name}', got a disposed one. Dispose gradients after the step.`);
    }
    if (gradient.dtype !== 'float32') {
      throw new L2OError('UNSUPPORTED_DTYPE', `applyGradients: expected a float32 gradient for '${name}', got one of dtype ${gradient.dtype}. Cast it to float32.`);
    }
    found.set(variable, gradient);
  }
  return [...found].map(([variable, gradient]) => ({variable, gradient}));
}
