import {engine, type Tensor} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';

/** What helps where values are gone. */
export const REMEDY = 'Load model and optimizer from where they were last saved; use tf.setBackend alone to change the backend in training.';

/** How the backends ended that data were on. TF.js moves what such a backend gives for them to another, and forgets where they were. */
const lostData = new WeakMap<object, string>();

/** Why the values of a tensor or variable cannot be had any more, if so. */
export function lossOf({dataId}: Pick<Tensor, 'dataId'>): string | undefined {
  const known = lostData.get(dataId);
  if (known !== undefined) return known;
  const {state, registry, backend} = engine(), home = state.tensorInfo.get(dataId)?.backend;
  const reason = home === undefined ? undefined : home !== backend && !Object.values(registry).includes(home) ? 'removed (tf.removeBackend)' : deathOf(home);
  if (reason !== undefined) lostData.set(dataId, reason);
  return reason;
}

/** How a backend ended, as TF.js's show it: by a flag, or the wasm one by the module that it no longer has. The cpu backend goes on. */
export function deathOf(backend: object): string | undefined {
  const {disposed, wasm, gpgpu} = backend as {readonly disposed?: unknown; readonly wasm?: unknown; readonly gpgpu?: {readonly gl?: {isContextLost?(): boolean}} | null};
  if (disposed === true || wasm === null) return 'disposed';
  return gpgpu?.gl?.isContextLost?.() === true ? 'lost (its WebGL context was lost)' : undefined;
}

/** @throws L2OError `ENVIRONMENT` where state that is kept in tensors is on a backend that is gone. */
export function assertKept(tensors: readonly Tensor[]): void {
  for (const tensor of tensors) {
    const reason = lossOf(tensor);
    if (reason === undefined) continue;
    throw new L2OError('ENVIRONMENT', `LearnedOptimizer: expected the state of the optimizer, got tensors whose backend was ${reason}, and their values with it. ${REMEDY}`);
  }
}

/** Disposes tensors. Of a backend that is gone there is nothing left to free. */
export function disposeKept(tensors: readonly Tensor[]): void {
  for (const tensor of tensors) {
    if (tensor.isDisposed) continue;
    const isGone = lossOf(tensor) !== undefined;
    try {
      tensor.dispose();
    } catch (error) {
      if (!isGone) throw error;
    }
  }
}
