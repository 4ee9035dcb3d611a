import {expect} from 'chai';
import {envelope, smooth, speedUp, stepsToReach, type LossPoint} from '../../src/evaluation/speed-up.js';

const T = 100;
/** loss(step) at 0, 10, … */
const curve = (loss: (step: number) => number, end = 4 * T): LossPoint[] => Array.from({length: end / 10 + 1}, (_, i) => ({step: 10 * i, loss: loss(10 * i)}));
/** A power law: reaching a loss takes 1/rate times as long. */
const power = (rate: number) => (step: number): number => 1 / (1 + rate * step);
const at = (step: number, loss: number): LossPoint => ({step, loss});

describe('smooth', () => {
  it('is the mean of the last three losses, or of as many as there are', () => {
    expect(smooth([at(0, 6), at(1, 2), at(2, 1), at(3, 3)]).map(p => p.loss)).to.deep.equal([6, 4, 3, 2]);
  });

  it('keeps what is not finite', () => {
    expect(smooth([at(0, 1), at(1, Infinity), at(2, Infinity)]).map(p => p.loss)).to.deep.equal([1, Infinity, Infinity]);
  });
});

describe('envelope', () => {
  it('is the least loss of any curve up to each step', () => {
    expect(envelope([[at(0, 5), at(2, 3), at(4, 4)], [at(1, 4), at(4, 1)]])).to.deep.equal([at(0, 5), at(1, 4), at(2, 3), at(4, 1)]);
  });

  it('passes over losses that are no number', () => {
    expect(envelope([[at(0, 5), at(1, NaN)], [at(2, 4)]])).to.deep.equal([at(0, 5), at(1, 5), at(2, 4)]);
  });
});

describe('stepsToReach', () => {
  it('is the step of a point that is met exactly', () => {
    expect(stepsToReach([at(50, 2), at(100, 1)], 1)).to.be.closeTo(100, 1e-9);
    expect(stepsToReach([at(50, 2), at(100, 1)], 2)).to.equal(50);
  });

  it('interpolates in the logarithms, so that a power law is met exactly', () => {
    expect(stepsToReach([at(25, 1 / 25), at(400, 1 / 400)], 1 / 100)).to.be.closeTo(100, 1e-9);
  });

  it('interpolates steps from 0, and losses that are not positive, plainly', () => {
    expect(stepsToReach([at(0, Math.E), at(10, 1)], Math.exp(0.5))).to.be.closeTo(5, 1e-9);
    expect(stepsToReach([at(10, 1), at(40, -1)], 0)).to.be.closeTo(20, 1e-9);
  });

  it('is the step of the first finite point behind an infinite one', () => {
    expect(stepsToReach([at(10, Infinity), at(20, 1)], 2)).to.equal(20);
  });

  it('is undefined where the target is never met, or is no number', () => {
    expect(stepsToReach([at(10, 3), at(20, 2)], 1)).to.equal(undefined);
    expect(stepsToReach([at(10, 3)], NaN)).to.equal(undefined);
    expect(stepsToReach([], 1)).to.equal(undefined);
  });
});

describe('speedUp', () => {
  const ours = (rate: number): [number, LossPoint[]] => [power(rate)(T), [1, 2, 4].map(h => at(h * T, power(rate)(h * T)))];

  it('is how many times as long the baseline takes to our final loss', () => {
    const result = speedUp(T, ...ours(2.5), curve(power(1)));
    expect(result.value).to.be.closeTo(2.5, 0.01);
    expect(result).to.include({notReached: false}).and.have.property('baselineSteps').that.is.closeTo(2.5, 0.01);
  });

  it('counts 4 where the baseline never gets there, and says so', () => {
    expect(speedUp(T, ...ours(9), curve(power(1)))).to.deep.equal({value: 4, notReached: true, baselineSteps: null});
  });

  it('is the inverse, by symmetry, where ours is slower: T over our steps to the baseline’s loss at T', () => {
    const result = speedUp(T, ...ours(0.4), curve(power(1)));
    expect(result.value).to.be.closeTo(0.4, 0.01);
    // The other way round: the baseline's steps to our final loss.
    expect(result.baselineSteps).to.be.closeTo(0.4, 0.01);
  });

  it('counts 1/4 where ours never gets to the baseline’s loss, and says so', () => {
    expect(speedUp(T, ...ours(0.1), curve(power(1)))).to.deep.include({value: 0.25, notReached: true});
  });

  it('of two optimizers over each other multiplies to 1', () => {
    const ends = (rate: number): LossPoint[] => [0.25, 0.5, 1, 2, 4].map(h => at(h * T, power(rate)(h * T)));
    for (const rate of [0.3, 0.8, 1, 1.7, 3.1]) {
      const there = speedUp(T, power(rate)(T), ends(rate), ends(1)), back = speedUp(T, power(1)(T), ends(1), ends(rate));
      expect(there.value * back.value).to.be.closeTo(1, 1e-9);
    }
  });

  it('is 1 where both end alike', () => {
    expect(speedUp(T, ...ours(1), curve(power(1))).value).to.be.closeTo(1, 1e-9);
    expect(speedUp(T, 0, [at(T, 0)], curve(() => 0)).value).to.equal(1);
  });

  it('interpolates between ends of runs with a schedule, in favour of the baseline', () => {
    const ends = [0.25, 0.5, 1, 2, 4].map(h => at(h * T, power(1)(h * T)));
    expect(speedUp(T, ...ours(1.4), ends).value).to.be.within(1.38, 1.42);
  });

  it('counts 1/4 where ours diverged, 4 where the baseline did, and 1 where both', () => {
    const diverged = curve(() => Infinity);
    expect(speedUp(T, Infinity, [at(T, Infinity)], curve(power(1))).value).to.equal(0.25);
    expect(speedUp(T, ...ours(1), diverged)).to.deep.equal({value: 4, notReached: true, baselineSteps: null});
    expect(speedUp(T, Infinity, [at(T, Infinity)], diverged).value).to.equal(1);
  });

  it('takes the baseline’s best loss up to T, even where it rises later', () => {
    const overfits = curve(step => 1 / (1 + Math.min(step, 60)) + Math.max(0, step - 60));
    expect(speedUp(T, 1 / 61, [at(T, 1 / 61)], envelope([overfits])).value).to.equal(1);
  });
});
