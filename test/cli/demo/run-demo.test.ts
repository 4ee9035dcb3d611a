import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {runDemo, type DemoResult} from '../../../src/cli/demo/run-demo.js';
import type {Progress} from '../../../src/cli/progress.js';
import {loadDigits} from '../../../src/tasks/digits.js';

describe('runDemo', () => {
  const plan = {hiddenSizes: [6], batchSize: 10, numSteps: 4, stepsPerPoint: 2};
  const horizons: number[] = [];
  const progress: Progress[] = [];
  let result: DemoResult;

  before(async () => {
    result = await runDemo({
      splits: loadDigits(),
      plan,
      seed: 1,
      // The very optimizer that it is compared with: every ratio must be 1.
      makeLearned: (numSteps) => {
        horizons.push(numSteps);
        return tf.train.adam(1e-3);
      },
      onProgress: (now) => progress.push(now),
    });
  });

  it('gives the learned optimizer its horizon, once a seed, and no part in the search', () => {
    expect(horizons).to.deep.equal([4, 4, 4]);
  });

  it('finds an optimizer equal to itself: pairs share weights and batches', () => {
    const {mean, low, high} = result.lossOverDefaultAdam;
    for (const value of [mean, low, high]) expect(value).to.be.closeTo(1, 1e-12);
    const [learned, byDefault] = result.optimizers;
    expect(learned?.runs.map(({curve}) => curve)).to.deep.equal(byDefault?.runs.map(({curve}) => curve));
  });

  it('trains tuned Adam at the best rate of the search', () => {
    const {best, scores, numSteps} = result.tuning;
    expect(best.loss).to.equal(Math.min(...scores.map(({loss}) => loss)));
    expect(result.optimizers[2]).to.include({name: 'adam-tuned', learningRate: best.rate});
    expect(numSteps).to.equal(scores.length * 2 * 4);
  });

  it('reports progress up to the very end, widening included', () => {
    expect(progress.at(-1)?.stepsDone).to.equal(result.tuning.numSteps + 9 * 4);
    expect(progress.at(-1)?.stepsTotal).to.equal(progress.at(-1)?.stepsDone);
    for (const {stepsDone, stepsTotal} of progress) expect(stepsDone).to.be.at.most(stepsTotal);
  });
});
