import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {bestRate, meanLoss, train} from '../../examples/meta-fit-own-task/compare.js';
import sinusoids from '../../examples/meta-fit-own-task/sinusoids.js';
import {learnedOptimizer, metaFit} from '../../src/index.js';

const NUM_STEPS = 40;

describe('examples/meta-fit-own-task, in a shorter form', () => {
  it('ends with an optimizer that beats the tuned best of Adam and SGD on held-out tasks', async function () {
    this.timeout(180_000);
    const before = tf.memory().numTensors;
    const result = await metaFit({
      tasks: sinusoids, numOuterSteps: 70, numPairs: 8, seed: 1, horizons: [NUM_STEPS, NUM_STEPS], hideHorizon: 0, hideLoss: 0, windowSteps: 20, learningRate: 3e-3,
    });
    const tuning = Array.from({length: 8}, (_, i) => 800_000 + i), heldOut = Array.from({length: 30}, (_, i) => 900_000 + i);
    const score = (make: () => tf.Optimizer): number => meanLoss(heldOut.map(seed => train(seed, NUM_STEPS, make)));
    const adamRate = bestRate(tuning, NUM_STEPS, rate => tf.train.adam(rate)), sgdRate = bestRate(tuning, NUM_STEPS, rate => tf.train.sgd(rate));
    const mine = score(() => result.optimizer({numSteps: NUM_STEPS}));
    expect(mine).to.be.below(score(() => tf.train.adam(adamRate)));
    expect(mine).to.be.below(score(() => tf.train.sgd(sgdRate)));
    expect(mine).to.be.below(score(() => learnedOptimizer({numSteps: NUM_STEPS})));
    expect(tf.memory().numTensors).to.equal(before);
  });
});
