import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {logAndSign} from '../../src/rules/lstm-dm.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';

describe('logAndSign', () => {
  forEachBackend(BACKENDS, () => {
    it('gives logarithm and sign above exp(-5), and -1 and the scaled value below', () => tf.tidy(() => {
      const expected: Array<[gradient: number, logarithm: number, sign: number]> = [
        [1, 0, 1],
        [-1, 0, -1],
        [Math.exp(5), 1, 1],
        [-Math.exp(-2.5), -0.49999971, -1],
        // Float32's epsilon of 1.2e-7 shows: ln(e^-5 + 1.2e-7) / 5.
        [-Math.exp(-5), -0.99999646, -1],
        [1e-3, -1, 0.1484131591],
        [-1e-3, -1, -0.1484131591],
        [0, -1, 0],
        [1e-20, -1, 1.484e-18],
        // ln 1e10 / 5: large gradients are not clipped.
        [-1e10, 4.605170186, -1],
      ];
      const features = logAndSign(tf.tensor1d(expected.map(([gradient]) => gradient)));
      expect(features.shape).to.deep.equal([2, expected.length]);
      const values = features.dataSync();
      expected.forEach(([gradient, logarithm, sign], i) => {
        expect(values[i]!, `logarithm of ${gradient}`).to.be.closeTo(logarithm, 1e-6);
        expect(values[expected.length + i]!, `sign of ${gradient}`).to.be.closeTo(sign, 1e-6);
      });
    }));
  });
});
