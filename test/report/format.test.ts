import {expect} from 'chai';
import {formatDuration, formatEstimate, formatNumber, formatPercent} from '../../src/report/format.js';

describe('format', () => {
  it('writes numbers to three digits', () => {
    expect([0.0316227766, 0.000316, 1, 0, -2.5, 123456, 1e-9].map((value) => formatNumber(value)))
      .to.deep.equal(['0.0316', '3.16e-4', '1', '0', '−2.5', '123456', '1e-9']);
  });

  it('writes numbers that are not finite in words', () => {
    expect([NaN, Infinity, -Infinity].map((value) => formatNumber(value))).to.deep.equal(['not a number', 'infinite', '−infinite']);
  });

  it('writes mean and half-width to the same decimal', () => {
    expect(formatEstimate({mean: 0.04512, low: 0.0351, high: 0.05514})).to.equal('0.045 ± 0.010');
    expect(formatEstimate({mean: 270, low: 237, high: 303})).to.equal('270 ± 33');
    expect(formatEstimate({mean: 4, low: 4, high: 4})).to.equal('4.0 ± 0.0');
    expect(formatEstimate({mean: 0, low: 0, high: 0})).to.equal('0 ± 0');
  });

  it('leaves an unknown interval out', () => {
    expect(formatEstimate({mean: 0.5, low: NaN, high: NaN})).to.equal('0.5');
    expect(formatEstimate({mean: NaN, low: NaN, high: NaN})).to.equal('not a number');
    expect(formatEstimate({mean: 0.5, low: NaN, high: NaN}, 2)).to.equal('0.50');
  });

  it('writes shares in percent', () => {
    expect(formatPercent({mean: 0.9722, low: 0.96, high: 0.9844})).to.equal('97.2 ± 1.2');
  });

  it('writes durations in units that fit', () => {
    expect([0.04, 9.94, 9.96, 59.4, 59.6, 125, 3725].map(formatDuration))
      .to.deep.equal(['0.0 s', '9.9 s', '10 s', '59 s', '1 min 0 s', '2 min 5 s', '1 h 2 min']);
  });
});
