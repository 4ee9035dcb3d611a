import {expect} from 'chai';
import {rankCorrelation, ranks} from '../../../bench/support/correlation.js';

describe('rankCorrelation', () => {
  it('is 1 for any rising relation, −1 for any falling one', () => {
    const x = [3, 1, 2, 10];
    expect(rankCorrelation(x, x.map(Math.exp))).to.equal(1);
    expect(rankCorrelation(x, x.map(value => -(value ** 3)))).to.equal(-1);
  });

  it('gives ties the mean of their ranks', () => {
    expect(ranks([5, 1, 5, 0])).to.eql([3.5, 2, 3.5, 1]);
    // Pearson's correlation of the ranks (1, 2, 3.5, 3.5) and (1, 2, 3, 4), by hand: 4.5 / √(4.5 · 5).
    expect(rankCorrelation([1, 2, 3, 3], [1, 2, 3, 4])).to.be.closeTo(4.5 / Math.sqrt(4.5 * 5), 1e-12);
  });

  it('is not a number where all values are equal', () => {
    expect(rankCorrelation([1, 1, 1], [1, 2, 3])).to.be.NaN;
  });
});
