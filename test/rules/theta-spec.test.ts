import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {Random} from '../../src/random.js';
import {constant, normal, thetaSpec, truncatedNormal, uniform} from '../../src/rules/theta-spec.js';

describe('thetaSpec', () => {
  const size = 4000;
  const spec = thetaSpec('tried', [
    ['kernel', [2, 3], constant(0)], ['bias', [3], constant(2)], ['wide', [size], truncatedNormal(0.5)], ['spread', [size], uniform(-1, 3)],
    ['around', [size], normal(0.25, 7)],
  ]);
  const theta = spec.draw(new Random(1)), drawn = (name: string): Float32Array => {
    const {offset, size: length} = spec.layout.find(entry => entry.name === name)!;
    return theta.subarray(offset, offset + length);
  };
  const mean = (xs: Float32Array): number => xs.reduce((a, b) => a + b, 0) / xs.length;
  const deviation = (xs: Float32Array): number => Math.sqrt(mean(xs.map(x => (x - mean(xs)) ** 2)));

  it('lays arrays out in the order of the table', () => {
    expect(spec.layout.slice(0, 3)).to.deep.equal([
      {name: 'kernel', shape: [2, 3], offset: 0, size: 6}, {name: 'bias', shape: [3], offset: 6, size: 3}, {name: 'wide', shape: [size], offset: 9, size},
    ]);
    expect(spec.size).to.equal(9 + 3 * size);
  });

  it('draws each array from its own distribution', () => {
    expect([...drawn('bias')]).to.deep.equal([2, 2, 2]);
    // A normal number within 2 deviations deviates by 0.8796.
    expect(deviation(drawn('wide'))).to.be.closeTo(0.5 * 0.8796, 0.02);
    expect(Math.max(...drawn('wide').map(Math.abs))).to.be.at.most(1);
    expect([mean(drawn('spread')), Math.min(...drawn('spread')), Math.max(...drawn('spread'))].map(x => Math.round(10 * x) / 10)).to.deep.equal([1, -1, 3]);
    expect(mean(drawn('around'))).to.be.closeTo(7, 0.02);
    expect(deviation(drawn('around'))).to.be.closeTo(0.25, 0.02);
  });

  it('draws an array whatever stands before it', () => {
    const alone = thetaSpec('alone', [['around', [size], normal(0.25, 7)]]);
    expect(alone.draw(new Random(1))).to.deep.equal(drawn('around'));
  });

  it('reads arrays and transposed kernels out of theta, each once', () => tf.tidy(() => {
    const values = Float32Array.from({length: spec.size}, (_, i) => i), weights = spec.read(tf.tensor1d(values));
    expect(weights.array('kernel').arraySync()).to.deep.equal([[0, 1, 2], [3, 4, 5]]);
    expect(weights.transposed('kernel').arraySync()).to.deep.equal([[0, 3], [1, 4], [2, 5]]);
    expect(weights.array('bias').arraySync()).to.deep.equal([6, 7, 8]);
    expect(weights.array('kernel')).to.equal(weights.array('kernel'));
    expect(weights.transposed('kernel')).to.equal(weights.transposed('kernel'));
  }));
});
