import {expect} from 'chai';
import {firstStepAtOrBelow, meanCurve, stepsToReach, summarize} from '../../../src/cli/demo/summary.js';
import {fakeRun, fakeRuns} from './fake-runs.js';

describe('summary', () => {
  it('counts steps to the first evaluation at or below the target', () => {
    const {curve} = fakeRun([4, 2, 1, 2, 0.5]);
    expect(firstStepAtOrBelow(curve, 1)).to.equal(20);
    expect(firstStepAtOrBelow(curve, 0.7)).to.equal(40);
    expect(firstStepAtOrBelow(curve, 0.1)).to.equal(undefined);
    expect(firstStepAtOrBelow(curve, NaN)).to.equal(undefined);
  });

  it('gives no mean of steps where a run never gets there', () => {
    const runs = [fakeRun([4, 1]), fakeRun([4, 2])];
    expect(stepsToReach(runs, [2, 1])).to.deep.equal({numReached: 1, numRuns: 2, steps: null});
    expect(stepsToReach(runs, [1, 2]).steps?.mean).to.equal(10);
  });

  it('counts steps to the loss of each Adam with the same seed', () => {
    const [learned, byDefault, tuned] = summarize(fakeRuns());
    expect(learned?.stepsToDefaultAdam.steps?.mean).to.equal(10);
    expect(learned?.stepsToTunedAdam.steps?.mean).to.equal(20);
    expect(byDefault?.stepsToDefaultAdam.steps?.mean).to.equal(20);
    expect(byDefault?.stepsToTunedAdam).to.include({numReached: 0, steps: null});
    expect(tuned?.stepsToTunedAdam.numReached).to.equal(3);
  });

  it('averages curves point by point, with the lowest and the highest run', () => {
    expect(meanCurve([fakeRun([4, 2]).curve, fakeRun([2, 1]).curve])).to.deep.equal([
      {step: 0, mean: 3, low: 2, high: 4}, {step: 10, mean: 1.5, low: 1, high: 2},
    ]);
    expect(meanCurve([])).to.deep.equal([]);
  });
});
