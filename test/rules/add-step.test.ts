import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {addStep} from '../../src/rules/add-step.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';

function added(parameter: number[][], step: number[], rate: number | number[], weightDecay?: number): number[] {
  return tf.tidy(() => {
    const shaped = tf.tensor(parameter), given = weightDecay === undefined ? {parameter: shaped} : {parameter: shaped, weightDecay};
    const next = addStep(given, tf.tensor1d(step), typeof rate === 'number' ? rate : tf.tensor1d(rate));
    expect(next.shape).to.deep.equal(shaped.shape);
    return [...next.dataSync()];
  });
}

describe('addStep', () => {
  forEachBackend(BACKENDS, () => {
    it('is p + step − min(1, rate · weightDecay) · p, by one rate or by one for each', () => {
      const parameter = [[1, -2], [4, 0]], step = [0.5, 0.25, -1, 2];
      expect(added(parameter, step, 0.01)).to.deep.equal([1.5, -1.75, 3, 2]);
      expect(added(parameter, step, 0.01, 0)).to.deep.equal([1.5, -1.75, 3, 2]);
      expect(added(parameter, step, 0.25, 2)).to.deep.equal([1, -0.75, 1, 2]);
      expect(added(parameter, step, [0.25, 0, 0.125, 1], 2)).to.deep.equal([1, -1.75, 2, 2]);
      expect(added(parameter, step, [8, 0.5, Infinity, 3], 2)).to.deep.equal([0.5, 0.25, -1, 2]);
      expect(added(parameter, step, 8, 2)).to.deep.equal(step);
    });

    it('has the gradient of its formula with respect to step and rate', () => {
      const [step, rate] = tf.tidy(() => {
        const grads = tf.grads((s, r) => tf.sum(addStep({parameter: tf.tensor1d([3, -2]), weightDecay: 2}, s as tf.Tensor1D, r as tf.Tensor1D)));
        return grads([tf.tensor1d([1, 1]), tf.tensor1d([0.1, 5])]).map(g => [...g.dataSync()]);
      });
      expect(step).to.deep.equal([1, 1]);
      expect(rate).to.deep.equal([-6, 0]);
    });
  });
});
