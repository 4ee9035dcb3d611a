import {scalar, mul, sub, tidy} from '@tensorflow/tfjs-core';
import type {Peer} from '../../src/evaluation/peer.js';

/** Gradient descent with a rate that falls linearly to 0: a peer for tests. */
const peer: Peer = {
  name: 'falling',
  version: '1',
  missing: undefined,
  createStepper: (variables, {horizon}) => {
    let time = 0;
    return {
      setTheta: () => undefined,
      step: gradients => {
        const rate = 0.3 * (1 - time++ / horizon);
        tidy(() => variables.forEach(v => v.assign(sub(v, mul(gradients[v.name]!, scalar(rate))))));
        return true;
      },
      snapshot: () => [Float32Array.of(time)],
      restore: ([saved]) => void (time = saved![0]!),
      dispose: () => undefined,
    };
  },
};
export default peer;
