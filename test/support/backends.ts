/**
 * The backends that tests run on, all three in one process on one tfjs-core. None is ever skipped: a backend that
 * cannot be had fails its tests.
 */
import '@tensorflow/tfjs-backend-cpu';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import {createRequire} from 'node:module';
import {dirname, sep} from 'node:path';

const require = createRequire(import.meta.url);

/** A backend by the name that the command line gives it. */
export type BackendName = 'cpu' | 'wasm' | 'node';

/** Every backend of the tests. */
export const BACKENDS: readonly BackendName[] = ['cpu', 'wasm', 'node'];

/** Names under which TF.js registers them. */
const REGISTERED: Readonly<Record<BackendName, string>> = {cpu: 'cpu', wasm: 'wasm', node: 'tensorflow'};

setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);

/** Loads tfjs-node, which makes itself the current backend: the caller sets the one it wants. */
function loadNodeBackend(): void {
  try {
    // CommonJS, as tfjs-node itself loads tfjs-core: so both meet the same one.
    require('@tensorflow/tfjs-node');
  } catch (cause) {
    throw new Error('Cannot load @tensorflow/tfjs-node, which the tests need. Run scripts/setup-native.sh.', {cause});
  }
}

/**
 * Makes a backend the current one.
 * @throws Error where the backend cannot be had.
 */
export async function useBackend(name: BackendName): Promise<void> {
  if (name === 'node') loadNodeBackend();
  const registered = REGISTERED[name];
  if (!(await tf.setBackend(registered)) || tf.getBackend() !== registered) {
    throw new Error(`Expected the backend ${registered}, got ${tf.getBackend()}. Run scripts/setup-native.sh and npm ci.`);
  }
}

/**
 * Runs a block of tests on each backend: `describe('on <name>')`, with the backend set before and cpu set again after.
 * @param names The backends; give fewer than {@link BACKENDS} only where TF.js itself lacks what the tests need.
 * @param block Declares the tests of one backend.
 */
export function forEachBackend(names: readonly BackendName[], block: (name: BackendName) => void): void {
  for (const name of names) {
    describe(`on ${name}`, () => {
      before(() => useBackend(name));
      after(() => useBackend('cpu'));
      block(name);
    });
  }
}
