import {expect} from 'chai';
import {mean, ratioInterval, tInterval, tQuantile95} from '../../src/report/statistics.js';

describe('statistics', () => {
  it('gives the interval of three values that a table of t gives by hand', () => {
    const {mean: center, low, high} = tInterval([1, 2, 3]);
    expect(center).to.equal(2);
    // 4.3027 × 1 / √3
    expect(high - 2).to.be.closeTo(2.48416, 1e-4);
    expect(2 - low).to.be.closeTo(2.48416, 1e-4);
  });

  it('leaves the interval unknown for one value, and everything for none', () => {
    expect(tInterval([5])).to.deep.equal({mean: 5, low: NaN, high: NaN});
    expect(tInterval([]).mean).to.be.NaN;
    expect(mean([])).to.be.NaN;
  });

  it('gives an interval of no width for equal values', () => {
    expect(tInterval([4, 4, 4])).to.deep.equal({mean: 4, low: 4, high: 4});
  });

  it('lets a value that is not finite show', () => {
    expect(tInterval([1, NaN, 2]).mean).to.be.NaN;
    expect(tInterval([1, Infinity]).mean).to.equal(Infinity);
  });

  it('knows the quantile of t on both sides of its table', () => {
    expect(tQuantile95(2)).to.be.closeTo(4.3027, 1e-4);
    expect(tQuantile95(30)).to.be.closeTo(2.0423, 1e-4);
    expect(tQuantile95(31)).to.be.closeTo(2.0395, 2e-4);
    expect(tQuantile95(60)).to.be.closeTo(2.0003, 2e-4);
    expect(tQuantile95(1e6)).to.be.closeTo(1.96, 1e-4);
  });

  it('compares paired values by their ratio, whatever the size of each pair', () => {
    const {mean: ratio, low, high} = ratioInterval([1, 20, 300], [2, 40, 600]);
    expect(ratio).to.be.closeTo(0.5, 1e-12);
    expect(low).to.be.closeTo(0.5, 1e-12);
    expect(high).to.be.closeTo(0.5, 1e-12);
  });

  it('gives ratios whose interval is symmetric in the logarithm', () => {
    const {mean: ratio, low, high} = ratioInterval([1, 2, 4], [1, 1, 1]);
    expect(ratio).to.be.closeTo(2, 1e-12);
    expect(low * high).to.be.closeTo(4, 1e-9);
  });
});
