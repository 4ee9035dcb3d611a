import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {Random} from '../../src/random.js';
import {rnnprop, rnnpropFeatures, type Moments} from '../../src/rules/rnnprop.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';

describe('rnnprop', () => {
  forEachBackend(BACKENDS, () => {
    it('reads Adam\'s direction and the relative gradient, with decays of 0.95', () => tf.tidy(() => {
      // Gradients 2, -1, 0.5. m: 0.1, 0.045, 0.06775; v: 0.2, 0.24, 0.2405; both over 1 - 0.95^t: 0.05, 0.0975, 0.142625.
      const expected: Array<[gradient: number, m: number, v: number, features: [number, number]]> = [
        [2, 0.1, 0.2, [1, 1]],
        [-1, 0.045, 0.24, [6 / 13 / Math.sqrt(32 / 13), -1 / Math.sqrt(32 / 13)]],
        [0.5, 0.06775, 0.2405, [0.3658086, 0.3850439]],
      ];
      let moments: Moments = {m: tf.zeros([2]), v: tf.zeros([2])};
      expected.forEach(([gradient, m, v, features], time) => {
        // The second coordinate's gradients are 1e6 times as large: its features are the same.
        const next = rnnpropFeatures(tf.tensor1d([gradient, 1e6 * gradient]), moments, time);
        expect(next.m.dataSync()[0]!).to.be.closeTo(m, 1e-7);
        expect(next.v.dataSync()[0]!).to.be.closeTo(v, 1e-7);
        const values = next.features.dataSync();
        expect(next.features.shape).to.deep.equal([2, 2]);
        [features[0], features[0], features[1], features[1]].forEach((x, i) => expect(values[i]!).to.be.closeTo(x, 2e-6));
        moments = next;
      });
    }));

    it('moves a parameter by 0.01 at most', () => tf.tidy(() => {
      const theta = tf.tensor1d(rnnprop.initialTheta(new Random(2)).map(x => 100 * x)), gradient = tf.tensor1d([1e10, -1, 1e-20, 0]);
      const slots = rnnprop.initialSlots(theta, [4], new Random(1));
      const context = {time: 0, horizon: 0, learningRate: 1, loss: undefined};
      const {parameter} = rnnprop.step(theta, [{parameter: tf.zeros([4]), gradient, slots}], {}, context).variables[0]!;
      const largest = Math.max(...parameter.dataSync().map(Math.abs));
      expect(largest).to.be.greaterThan(0.005).and.at.most(0.01 * (1 + 1e-6));
    }));
  });
});
