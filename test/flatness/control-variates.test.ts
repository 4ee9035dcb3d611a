import {expect} from 'chai';
import {numQuadraticFeatures, quadraticFeatures, regressedMean} from '../../src/flatness/control-variates.js';
import {meanAndError} from '../../src/flatness/estimate.js';
import {Random} from '../../src/random.js';

describe('control variates', () => {
  it('leave no error where the features explain everything', () => {
    const random = new Random(1), vectors = Array.from({length: 100}, () => random.normals(2)), count = numQuadraticFeatures(2, 100);
    expect(count).to.equal(3);
    const features = vectors.map(v => quadraticFeatures(v, count)), values = vectors.map(([a, b]) => 5 + 2 * a! * a! - 3 * a! * b!); // mean 7
    const {value, standardError} = regressedMean(values, features);
    expect(value).to.be.closeTo(7, 1e-9);
    expect(standardError).to.be.below(1e-9);
    expect(meanAndError(values).standardError).to.be.above(0.1);
  });

  it('are the squared length alone in many dimensions, and none for few values', () => {
    expect([numQuadraticFeatures(1000, 100), numQuadraticFeatures(10, 100), numQuadraticFeatures(10, 1100), numQuadraticFeatures(2, 10)]).to.deep.equal([1, 1, 55, 0]);
    expect(Array.from(quadraticFeatures(Float32Array.of(1, 2, 3), 1))).to.deep.equal([14 / 3 - 1]);
    expect(regressedMean([1, 2, 6], [])).to.deep.equal(meanAndError([1, 2, 6]));
  });

  it('do without features that never vary', () => {
    const values = Array.from({length: 50}, (_, i) => i), {value} = regressedMean(values, values.map(() => Float64Array.of(0)));
    expect(value).to.be.closeTo(24.5, 1e-9);
  });
});
