import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {stepLstm} from '../../src/rules/lstm-cell.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';

describe('stepLstm', () => {
  forEachBackend(BACKENDS, () => {
    it('is an LSTM step with gates in the order input, candidate, forget + 1, output', () => tf.tidy(() => {
      // Rows by gate; columns: of the input, of the state.
      const kernel = tf.tensor2d([[0.5, 1], [-1, 0.5], [0.25, -0.5], [2, -1]]), bias = tf.tensor1d([0.1, 0.2, 0.3, -0.4]);
      // Two coordinates: x = 2, h = 0.5, c = -1 gives the gates 1.6, -1.55, 0.55, 3.1; x = -1, h = 0, c = 0.5 gives -0.4, 1.2, 0.05, -2.4.
      const {h, c} = stepLstm(kernel, bias, tf.tensor2d([[2, -1]]), {h: tf.tensor2d([[0.5, 0]]), c: tf.tensor2d([[-1, 0.5]])});
      const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
      const first = sigmoid(0.55 + 1) * -1 + sigmoid(1.6) * Math.tanh(-1.55), second = sigmoid(0.05 + 1) * 0.5 + sigmoid(-0.4) * Math.tanh(1.2);
      expect(first).to.be.closeTo(-1.5852, 1e-5);
      expect(second).to.be.closeTo(0.704943, 1e-5);
      [first, second].forEach((x, i) => expect(c.dataSync()[i]!).to.be.closeTo(x, 1e-6));
      [sigmoid(3.1) * Math.tanh(first), sigmoid(-2.4) * Math.tanh(second)].forEach((x, i) => expect(h.dataSync()[i]!).to.be.closeTo(x, 1e-6));
      expect([h.shape, c.shape]).to.deep.equal([[1, 2], [1, 2]]);
    }));
  });
});
