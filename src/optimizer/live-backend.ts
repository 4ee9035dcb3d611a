import {engine, type Variable} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';

const REMEDY = 'Load model and optimizer from where they were last saved; use tf.setBackend alone to change the backend in training.';

/**
 * Without its backend a variable reads as zeros on some, and as a TypeError of TF.js's on others.
 * @throws L2OError `ENVIRONMENT` for a variable whose backend has been removed or disposed.
 */
export function assertReachable({dataId, name}: Variable): void {
  const {state, registry, backend} = engine(), home = state.tensorInfo.get(dataId)?.backend;
  if (home === undefined) return;
  const isRemoved = home !== backend && !Object.values(registry).includes(home);
  if (!isRemoved && !isDisposed(home)) return;
  throw new L2OError('ENVIRONMENT', `LearnedOptimizer: expected the values of '${name}', got a variable whose backend was ${isRemoved ? 'removed (tf.removeBackend)' : 'disposed'}, and its values with it. ${REMEDY}`);
}

/** @throws L2OError `ENVIRONMENT` where the current backend, which new tensors would be on, has been disposed. */
export function assertBackend(): void {
  const {backend, backendName} = engine();
  if (isDisposed(backend)) throw new L2OError('ENVIRONMENT', `LearnedOptimizer: expected a backend to make tensors on, got '${backendName}', which has been disposed. Choose another one (tf.setBackend) first; the state is as it was.`);
}

/** As TF.js's backends show it: by a flag, or the wasm one by the module that it no longer has. The cpu backend goes on. */
function isDisposed(backend: object): boolean {
  const {disposed, wasm} = backend as {readonly disposed?: unknown; readonly wasm?: unknown};
  return disposed === true || wasm === null;
}
