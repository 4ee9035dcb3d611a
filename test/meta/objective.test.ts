import {expect} from 'chai';
import {logLossScore, OBJECTIVE_KINDS, scoreLoss, scoreSlope, scoreWindow, type Objective, type WindowLosses, stepWeight, weightLeft} from '../../src/meta/objective.js';

describe('scoreLoss', () => {
  for (const kind of OBJECTIVE_KINDS) {
    for (const first of [2, 0, -3, 1e-20, 1e20]) {
      it(`${kind} is finite, and never rises as the loss falls, from a first loss of ${first}`, () => {
        const losses = [-1e20, -10, -1, -1e-8, 0, 1e-8, 0.01, 1, 2, 10, 1e20, 1e38, Infinity];
        const scores = losses.map(loss => scoreLoss(kind, loss, first, 7));
        expect(scores.every(Number.isFinite)).to.equal(true);
        scores.forEach((score, i) => i > 0 && expect(score).to.be.at.least(scores[i - 1]!));
        for (const diverged of [NaN, -Infinity]) expect(scoreLoss(kind, diverged, first, 7)).to.equal(scores.at(-1));
      });
    }
  }

  for (const kind of OBJECTIVE_KINDS) {
    it(`${kind} has the slope of its differences within its bounds, and one that leads back from above them`, () => {
      for (const [first, losses] of [[2, [0.01, 1, 2, 9]], [0, [-1, 0.5, 2]], [-3, [-8, -3, 1]]] as const) {
        for (const loss of losses) {
          const distance = 1e-6 * Math.abs(loss), difference = (scoreLoss(kind, loss + distance, first, 7) - scoreLoss(kind, loss - distance, first, 7)) / (2 * distance);
          expect(scoreSlope(kind, loss, first, 7), `${loss} from ${first}`).to.be.closeTo(difference, 1e-5 * Math.abs(difference));
        }
        expect(scoreSlope(kind, 1e6, first, 7)).to.be.above(0);
      }
      expect(scoreSlope('logLoss', -1, 2, 7)).to.equal(0);
    });
  }

  it('logLoss is the log of the ratio, with bounds', () => {
    expect(logLossScore(1, 2)).to.be.closeTo(Math.log(0.501), 1e-12);
    expect(logLossScore(100, 2)).to.be.closeTo(Math.log(5.001), 1e-12);
    expect(logLossScore(-1, 2)).to.be.closeTo(Math.log(0.001), 1e-12);
    expect(logLossScore(-30, -3)).to.be.closeTo(Math.asinh(-9), 1e-12);
    expect(logLossScore(0, 0)).to.equal(0);
  });

  it('loss is the loss, whatever its sign, up to its cap', () => {
    expect([-7, 0, 3, 100].map(loss => scoreLoss('loss', loss, 2, 1))).to.deep.equal([-7, 0, 3, 10]);
    expect(scoreLoss('loss', 100, -2, 1)).to.equal(6);
  });

  it('logPerStep is (1/t)·log of the ratio where that is large enough, and goes on below 0', () => {
    expect(scoreLoss('logPerStep', 1, 2, 10)).to.be.closeTo(Math.log(0.5) / 10, 1e-9);
    expect(scoreLoss('logPerStep', 2e12, 2, 4)).to.be.closeTo(Math.log(1e12) / 4, 1e-9);
    expect(scoreLoss('logPerStep', 0, 2, 4)).to.be.closeTo(Math.log(1e-9) / 4, 1e-9);
    expect(scoreLoss('logPerStep', -2, 2, 4)).to.be.closeTo(2 * Math.log(1e-9) / 4, 1e-9);
    expect(scoreLoss('logPerStep', 1, 2, 0)).to.be.closeTo(Math.log(0.5), 1e-9);
  });
});

describe('scoreWindow', () => {
  const window: WindowLosses = {losses: Float32Array.of(4, 3, 2, 1), steps: 4, made: 4, before: 16, total: 20, first: 1, validation: 8};
  const score = (objective: Partial<Objective>, change: Partial<WindowLosses> = {}): number =>
    scoreWindow({kind: 'loss', over: 'mean', on: 'train', ...objective}, {...window, ...change});

  it('is the mean over the steps, those after a divergence at the cap', () => {
    expect(score({})).to.equal(2.5);
    expect(score({}, {made: 2})).to.equal((4 + 3 + 5 + 5) / 4);
  });

  it('looks at the last tenth alone for final, so at nothing in windows before it', () => {
    expect(score({over: 'final'})).to.equal((2 + 1) / 2);
    expect(score({over: 'final'}, {before: 8})).to.equal(0);
  });

  it('weighs late steps more for late: a mean of 1 over a run, the last four times the first', () => {
    const weights = Array.from({length: 1000}, (_, step) => stepWeight('late', step, 1000));
    expect(weights.reduce((a, b) => a + b) / 1000).to.be.closeTo(1, 1e-6);
    expect(weights.at(-1)! / weights[0]!).to.be.closeTo(4, 0.01);
    expect(weights.slice(300).reduce((a, b) => a + b) / 1000).to.be.closeTo(weightLeft('late', 300, 1000), 1e-6);
    expect(weightLeft('mean', 300, 1000)).to.equal(0.7);
    const expected = [4, 3, 2, 1].reduce((sum, loss, k) => sum + stepWeight('late', 16 + k, 20) * loss, 0) / 4;
    expect(score({over: 'late'})).to.be.closeTo(expected, 1e-12);
    expect(score({over: 'late', on: 'validation'}, {validation: 3})).to.be.closeTo(3 * stepWeight('late', 18, 20), 1e-12);
  });

  it('punishes a run that diverges before its last tenth', () => {
    expect(score({over: 'final'}, {before: 8, made: 1})).to.equal(5);
    expect(score({over: 'final', on: 'validation'}, {before: 8, made: 1, validation: undefined})).to.equal(5);
  });

  it('takes the validation loss at the window\'s end', () => {
    expect(score({on: 'validation'}, {validation: 3})).to.equal(3);
    expect(score({on: 'validation', over: 'final'}, {validation: 3})).to.equal(3);
    expect(score({on: 'validation', over: 'final'}, {validation: 3, before: 8})).to.equal(0);
    expect(score({on: 'validation'}, {validation: NaN})).to.equal(5);
  });

  it('takes the mean of both scores for both', () => {
    expect(score({on: 'both'}, {validation: 3})).to.equal((2.5 + 3) / 2);
    expect(score({on: 'both', over: 'final'}, {validation: 3, before: 8})).to.equal(0);
    expect(score({on: 'both'}, {made: 2, validation: undefined})).to.equal(((4 + 3 + 5 + 5) / 4 + 5) / 2);
  });
});
