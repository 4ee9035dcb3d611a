import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of all ops.
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {Random} from '../../src/random.js';
import {backpropMetaGradient} from '../../src/step-size/backprop.js';
import {sampleQuadratic, stableMetaGradient, type Quadratic} from '../../src/step-size/quadratic.js';
import {closedForm, knownQuadratic, polynomialBound} from './eigenbasis.js';

const spread = knownQuadratic([0.05, 0.4, 1.3, 3, 8, 20, 41, 63]);
const largest = 63;
/** Relative step sizes ηL on both sides of 2, where gradient descent begins to diverge. */
const RELATIVE_STEP_SIZES = [0, 0.1, 0.7, 1.2, 1.9, 1.99, 2.01, 2.3, 4, 6.3];

describe('stableMetaGradient', () => {
  it("agrees with the paper's closed form in the eigenbasis", () => {
    for (const numSteps of [1, 2, 10, 80, 640]) {
      for (const relative of RELATIVE_STEP_SIZES) {
        const stepSize = relative / largest, exact = closedForm(spread, stepSize, numSteps);
        // Rounding: some 1e-16 a step, amplified by cancellation among eigenvectors.
        expect(stableMetaGradient(spread, stepSize, numSteps).gradient / exact, `t = ${numSteps}, ηL = ${relative}`).to.be.closeTo(1, 1e-9);
      }
    }
  });

  it('agrees with central differences of its own objective', () => {
    for (const numSteps of [1, 5, 40, 80]) {
      for (const relative of RELATIVE_STEP_SIZES) {
        const stepSize = relative / largest, h = 1e-6 / largest;
        const difference = (stableMetaGradient(spread, stepSize + h, numSteps).objective - stableMetaGradient(spread, stepSize - h, numSteps).objective) / (2 * h);
        const {gradient} = stableMetaGradient(spread, stepSize, numSteps);
        expect(gradient, `t = ${numSteps}, ηL = ${relative}`).to.be.closeTo(difference, 1e-5 * Math.abs(gradient) + 1e-5);
      }
    }
  });

  it('agrees with backprop in float64 where that does not overflow', () => {
    const quadratic = sampleQuadratic(new Random(3), 20);
    for (const stepSize of [0.001, 0.03, 0.1]) {
      const stable = stableMetaGradient(quadratic, stepSize, 80), plain = backpropMetaGradient(quadratic, stepSize, 80, 'float64');
      expect(plain.objective).to.be.closeTo(stable.objective, 1e-12);
      expect(plain.gradient / stable.gradient).to.be.closeTo(1, 1e-10);
    }
  });

  it('stays below a polynomial bound without t in it, for step sizes up to 4/L and up to 640 steps', () => {
    const bound = polynomialBound(spread);
    const worst = [10, 40, 160, 640].map(numSteps => {
      const sizes = Array.from({length: 161}, (_, i) => Math.abs(stableMetaGradient(spread, (4 * i) / 160 / largest, numSteps).gradient));
      expect(Math.max(...sizes), `t = ${numSteps}`).to.be.at.most(bound);
      return Math.max(...sizes);
    });
    expect(worst[3]! / worst[0]!, 'from 10 to 640 steps').to.be.below(2);
  });

  it('reaches step sizes and numbers of steps at which the loss has 10⁴ digits', () => {
    const {objective, gradient} = stableMetaGradient(spread, 1, 10_000);
    expect(objective).to.be.closeTo(2 * Math.log(62), 1e-2);
    expect(gradient).to.be.closeTo(2 * 63 / 62, 1e-9);
  });

  it('is defined where descent arrives at the minimum, and where the loss is negative', () => {
    const bowl: Quadratic = {matrix: Float64Array.of(4), start: Float64Array.of(3)};
    expect(stableMetaGradient(bowl, 0.25, 6, 1e-12)).to.deep.equal({objective: Math.log(1e-12) / 6, gradient: 0});
    const saddle = knownQuadratic([-2, 0.5]), h = 1e-6;
    const {objective, gradient} = stableMetaGradient(saddle, 0.2, 12, 1e-3);
    const difference = (stableMetaGradient(saddle, 0.2 + h, 12, 1e-3).objective - stableMetaGradient(saddle, 0.2 - h, 12, 1e-3).objective) / (2 * h);
    expect(objective).to.be.below(Math.log(1e-3) / 12);
    expect(gradient).to.be.closeTo(difference, 1e-6);
  });

  it('rejects shapes, step sizes and numbers of steps that mean nothing, and says where a single step overflows', () => {
    const bad = [
      () => stableMetaGradient({matrix: new Float64Array(3), start: new Float64Array(2)}, 0.1, 1),
      () => stableMetaGradient({matrix: new Float64Array(0), start: new Float64Array(0)}, 0.1, 1),
      () => stableMetaGradient(spread, NaN, 1),
      () => stableMetaGradient(spread, 0.1, 0),
    ];
    for (const call of bad) expect(call).to.throw(L2OError).with.property('code', 'INVALID_ARGUMENT');
    expect(() => stableMetaGradient(spread, 1e307, 2)).to.throw(L2OError).with.property('code', 'NON_FINITE');
  });
});

describe('backpropMetaGradient', () => {
  it('overflows in float32 at step size 0.1, 80 steps and L = 63, where the stable form gives a small number', () => {
    const {gradient} = backpropMetaGradient(spread, 0.1, 80);
    expect(Number.isFinite(gradient)).to.equal(false);
    expect(stableMetaGradient(spread, 0.1, 80).gradient).to.be.closeTo((2 * 63) / 5.3, 1e-6);
  });

  it('is what TF.js computes by tf.grad, where it works and where it overflows', () => {
    const size = spread.start.length, matrix = tf.tensor2d(Float32Array.from(spread.matrix), [size, size]);
    const start = tf.tensor2d(Float32Array.from(spread.start), [size, 1]);
    const objective = (stepSize: tf.Tensor, numSteps: number): tf.Scalar => {
      let w: tf.Tensor = start;
      for (let step = 0; step < numSteps; step++) w = tf.sub(w, tf.mul(stepSize, tf.matMul(matrix, w)));
      return tf.div(tf.log(tf.div(tf.sum(tf.mul(w, tf.matMul(matrix, w))), 2)), numSteps);
    };
    const byTape = (stepSize: number, numSteps: number): number =>
      tf.tidy(() => tf.grad(eta => objective(eta, numSteps))(tf.scalar(stepSize)).dataSync()[0]!);
    expect(byTape(0.02, 20) / backpropMetaGradient(spread, 0.02, 20).gradient).to.be.closeTo(1, 1e-4);
    expect(byTape(0.1, 80)).to.be.NaN;
    expect(backpropMetaGradient(spread, 0.1, 80).gradient).to.be.NaN;
    tf.dispose([matrix, start]);
  });
});

describe('sampleQuadratic', () => {
  it('is the same for the same seed, symmetric, and of trace n² on average', () => {
    const traces = Array.from({length: 200}, (_, seed) => {
      const {matrix} = sampleQuadratic(new Random(seed), 6);
      for (let i = 0; i < 6; i++) for (let j = 0; j < 6; j++) expect(matrix[6 * i + j]).to.equal(matrix[6 * j + i]);
      return Array.from({length: 6}, (_, i) => matrix[7 * i]!).reduce((a, b) => a + b);
    });
    // The trace is chi-squared with 36 degrees of freedom: mean 36, deviation 8.5, of 200 means 0.6.
    expect(traces.reduce((a, b) => a + b) / 200).to.be.closeTo(36, 2.4);
    expect(sampleQuadratic(new Random(5), 6)).to.deep.equal(sampleQuadratic(new Random(5), 6));
  });
});
