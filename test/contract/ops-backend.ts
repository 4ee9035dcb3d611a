import {MathBackendCPU} from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {useBackend} from '../support/backends.js';

const NAME = 'unfused';
let registered = false;

/**
 * Declares tests on a backend that has no fused kernel, as webgl and webgpu have none: TF.js's cpu backend under a name
 * that this library does not know, so that it steps by tf ops.
 */
export function onOpsBackend(block: () => void): void {
  describe('on a backend without a fused kernel', () => {
    before(useOpsBackend);
    after(() => useBackend('cpu'));
    block();
  });
}

/** Makes it the current backend. */
export async function useOpsBackend(): Promise<void> {
  if (!registered) {
    registered = tf.registerBackend(NAME, () => new MathBackendCPU());
    tf.copyRegisteredKernels('cpu', NAME);
  }
  await tf.setBackend(NAME);
}
