import {expect} from 'chai';
import {bootstrapInterQuartileMean, interQuartileMean, isNoWorse} from '../../src/evaluation/statistics.js';
import {Random} from '../../src/random.js';

const constant = (value: number): {numSeeds: number; value: () => number} => ({numSeeds: 5, value: () => value});

describe('interQuartileMean', () => {
  it('is the mean of the middle half, whatever lies outside', () => {
    expect(interQuartileMean([1000, 2, 3, -50, 4, 5, 99, -7])).to.equal((2 + 3 + 4 + 5) / 4);
  });

  it('leaves out a quarter rounded down on either side', () => {
    expect(interQuartileMean([1, 2, 3])).to.equal(2);
    expect(interQuartileMean([1, 2, 3, 4, 100])).to.equal(3);
    expect(interQuartileMean([7])).to.equal(7);
  });
});

describe('bootstrapInterQuartileMean', () => {
  it('has no width where all tasks and seeds agree', () => {
    expect(bootstrapInterQuartileMean([1, 2, 3].map(() => constant(2)), new Random(1))).to.deep.equal({mean: 2, low: 2, high: 2});
  });

  it('covers the mean of normal numbers as a t-interval does, about', () => {
    const random = new Random(3), tasks = Array.from({length: 60}, () => constant(5 + random.normal()));
    const {mean, low, high} = bootstrapInterQuartileMean(tasks, new Random(1));
    expect(mean).to.be.closeTo(5, 0.5);
    expect(low).to.be.below(mean);
    expect(high).to.be.above(mean);
    // The standard error of a 25 % trimmed mean of normal numbers is 1.09 / √60 = 0.14; four of them are the interval.
    expect(high - low).to.be.within(0.35, 0.8);
  });

  it('draws seeds within a task: they alone make an interval', () => {
    const seeds = [1, 2, 3, 4, 5], task = {numSeeds: 5, value: (chosen: readonly number[]) => chosen.reduce((sum, s) => sum + seeds[s]!, 0) / 5};
    const {mean, low, high} = bootstrapInterQuartileMean([task], new Random(1));
    expect(mean).to.equal(3);
    expect(low).to.be.within(1.4, 2.2);
    expect(high).to.be.within(3.8, 4.6);
  });

  it('depends on the generator’s seed alone', () => {
    const tasks = [1, 2, 3, 4, 9].map(constant);
    expect(bootstrapInterQuartileMean(tasks, new Random(1))).to.deep.equal(bootstrapInterQuartileMean(tasks, new Random(1)));
  });

  it('is not a number without tasks', () => {
    expect(bootstrapInterQuartileMean([], new Random(1)).mean).to.deep.equal(NaN);
  });
});

describe('isNoWorse', () => {
  it('holds up to one standard error of the paired differences', () => {
    // Differences 0, 2: mean 1, standard deviation √2, standard error 1.
    expect(isNoWorse([1, 4], [1, 2])).to.equal(true);
    // Differences 1, 2: mean 1.5, standard error 0.5.
    expect(isNoWorse([2, 4], [1, 2])).to.equal(false);
    expect(isNoWorse([0.9], [1])).to.equal(true);
    expect(isNoWorse([1.1], [1])).to.equal(false);
  });

  it('is about pairs, not about spreads', () => {
    expect(isNoWorse([1.1, 5.1, 9.1], [1, 5, 9])).to.equal(false);
  });

  it('never holds where ours diverged, and always where only theirs did', () => {
    expect(isNoWorse([1, Infinity], [1, Infinity])).to.equal(false);
    expect(isNoWorse([1, 1], [1, Infinity])).to.equal(true);
  });
});
