import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {L2OError} from '../../../src/errors.js';
import {Random} from '../../../src/random.js';
import {sampleTwoValleys, twoValleyFamily, twoValleyLoss, valleyOf, type TwoValleyProblem} from '../../../src/tasks/families/two-valley.js';

function lossAt({sharp, wide, ratio}: TwoValleyProblem, x: ArrayLike<number>): number {
  return tf.tidy(() => twoValleyLoss(tf.tensor1d(Float32Array.from(x)), tf.tensor1d(sharp.slice()), tf.tensor1d(wide.slice()), ratio).dataSync()[0]!);
}

describe('twoValleyFamily', () => {
  const problem = sampleTwoValleys(new Random(1), {dimension: 3, ratio: 30, distance: 2, startRadius: 0.3});

  it('has two minima, both of loss 0, at the distance asked for', () => {
    expect(lossAt(problem, problem.sharp)).to.equal(0);
    expect(lossAt(problem, problem.wide)).to.equal(0);
    expect(Math.hypot(...problem.sharp.map((s, i) => s - problem.wide[i]!))).to.be.closeTo(2, 1e-6);
  });

  it('has the curvatures asked for, in every direction', () => {
    for (const [minimum, curvature] of [[problem.sharp, 30], [problem.wide, 1]] as const) {
      for (let i = 0; i < 3; i++) {
        const h = 0.01, at = (sign: number): number => lossAt(problem, minimum.map((m, k) => m + (k === i ? sign * h : 0)));
        // The third derivative cancels; the fourth and float32 leave a percent.
        expect((at(1) + at(-1)) / h ** 2).to.be.closeTo(curvature, 0.01 * curvature);
      }
    }
  });

  it('starts within the radius asked for around the sharp minimum', () => {
    for (let seed = 0; seed < 50; seed++) {
      const {start, sharp} = sampleTwoValleys(new Random(seed), {dimension: 5, ratio: 30, distance: 4, startRadius: 0.5});
      expect(Math.hypot(...start.map((s, i) => s - sharp[i]!))).to.be.at.most(2 + 1e-5);
    }
  });

  it('tells the valleys apart', () => {
    expect([problem.sharp, problem.wide].map(x => valleyOf(problem, x))).to.deep.equal(['sharp', 'wide']);
    // Half-way the wide valley's quadratic is the lower one.
    expect(valleyOf(problem, problem.sharp.map((s, i) => (s + problem.wide[i]!) / 2))).to.equal('wide');
    expect(valleyOf(problem, [NaN, 0, 0])).to.equal(undefined);
  });

  for (const options of [{ratio: 1}, {dimension: 0}, {distance: 0}, {startRadius: -1}, {ratios: 3}]) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      expect(() => twoValleyFamily(options)).to.throw(L2OError, 'twoValleyFamily');
    });
  }
});
