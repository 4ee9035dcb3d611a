import {engine, type Variable} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import {deathOf, lossOf} from '../kernel/dead-backend.js';

/** The error of a variable whose values are gone, or `undefined` where they are there. */
export function unreachable(variable: Variable, cause?: unknown): L2OError | undefined {
  const reason = lossOf(variable);
  if (reason === undefined) return undefined;
  return new L2OError('ENVIRONMENT', `LearnedOptimizer: expected the values of '${variable.name}', got a variable whose backend was ${reason}, and its values with it. ` +
    'Load model and optimizer from where they were last saved; use tf.setBackend alone to change the backend in training.', {cause});
}

/**
 * Without its backend a variable reads as zeros on some, and as a TypeError of TF.js's on others.
 * @throws L2OError `ENVIRONMENT` for a variable whose backend has been removed, disposed or lost.
 */
export function assertReachable(variable: Variable): void {
  const error = unreachable(variable);
  if (error !== undefined) throw error;
}

/** @throws L2OError `ENVIRONMENT` where the current backend, which new tensors would be on, is no more. */
export function assertBackend(): void {
  const {backend, backendName} = engine(), reason = deathOf(backend);
  if (reason !== undefined) throw new L2OError('ENVIRONMENT', `LearnedOptimizer: expected a backend to make tensors on, got '${backendName}', which was ${reason}. Choose another one (tf.setBackend) first, and load model and optimizer from where they were last saved.`);
}
