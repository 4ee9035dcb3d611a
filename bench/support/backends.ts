import {BACKENDS, useBackend, type BackendName} from '../../test/support/backends.js';

export type {BackendName};

/** The backends of Node, in the order in which they are measured. */
export const NODE_BACKENDS: readonly BackendName[] = ['wasm', ...BACKENDS.filter(name => name !== 'wasm')];

/**
 * Visits backends of Node one after the other, each as the current one.
 * @returns Which were left out, and why.
 */
export async function forEachBackend(names: readonly BackendName[], visit: (name: BackendName) => Promise<void> | void): Promise<string[]> {
  const skipped: string[] = [];
  for (const name of names) {
    try {
      await useBackend(name);
    } catch (error) {
      // The one without which a bench goes on: its binary has to be had first.
      if (name !== 'node') throw error;
      skipped.push('node: @tensorflow/tfjs-node is not installed (bash scripts/setup-native.sh)');
      continue;
    }
    await visit(name);
  }
  return skipped;
}
