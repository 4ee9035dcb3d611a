import {expect} from 'chai';
import {isDrawable, scaleFor} from '../../src/report/scale.js';

const labels = (values: number[], type: 'linear' | 'log', numTicks = 6): string[] =>
  scaleFor(values, type, numTicks).ticks.map(({label}) => label).filter((label) => label !== '');

describe('scale', () => {
  it('rounds a linear axis to steps of 1, 2 or 5', () => {
    expect(labels([0, 300], 'linear')).to.deep.equal(['0', '50', '100', '150', '200', '250', '300']);
    expect(labels([-0.31, 0.52], 'linear', 4)).to.deep.equal(['−0.5', '0.0', '0.5', '1.0']);
  });

  it('rounds a logarithmic axis and labels powers of ten', () => {
    expect(labels([1e-4, 1], 'log')).to.deep.equal(['0.0001', '0.001', '0.01', '0.1', '1']);
    expect(labels([0.03, 2.3], 'log')).to.deep.equal(['0.03', '0.1', '0.3', '1', '3']);
    expect(labels([0.02, 0.04], 'log')).to.deep.equal(['0.02', '0.03']);
  });

  it('thins out the powers of ten of a very long axis', () => {
    expect(labels([1e-30, 1e30], 'log')).to.have.length.within(3, 8);
  });

  it('holds every value between its ends', () => {
    for (const type of ['linear', 'log'] as const) {
      for (const values of [[0.037, 2.2], [5, 5], [1e-12, 3e7], [999.999, 1000.001]]) {
        const scale = scaleFor(values, type, 6);
        for (const value of values) expect(scale.position(value), `${value} of ${values.join()}`).to.be.within(-1e-9, 1 + 1e-9);
        expect(scale.position(scale.domain[0])).to.be.closeTo(0, 1e-9);
        expect(scale.position(scale.domain[1])).to.be.closeTo(1, 1e-9);
      }
    }
  });

  it('passes over what has no place, and has ends even without values', () => {
    expect(scaleFor([NaN, Infinity, 0, -1, 0.5], 'log', 6).domain).to.deep.equal([0.5, 0.8]);
    expect(scaleFor([], 'log', 6).domain).to.deep.equal([0.1, 1]);
    expect(scaleFor([], 'linear', 6).domain).to.deep.equal([0, 1]);
    expect(isDrawable(0, 'linear')).to.equal(true);
    expect(isDrawable(0, 'log')).to.equal(false);
  });
});
