import {expect} from 'chai';
import {rateShare} from '../../src/meta/meta-fit-run.js';
import {initialOuterState, meanGradient, updateTheta, type OuterState} from '../../src/meta/outer-update.js';

const OPTIONS = {learningRate: 0.1, weightDecay: 0, clip: Infinity};

function after(gradients: ReadonlyArray<readonly number[]>, options: Partial<typeof OPTIONS> = {}, theta = [1, -2]): OuterState {
  const state = initialOuterState(Float32Array.from(theta));
  for (const gradient of gradients) updateTheta(state, Float64Array.from(gradient), {...OPTIONS, ...options});
  return state;
}

describe('updateTheta', () => {
  it('is Adam with decays 0.9 and 0.99, bias-corrected', () => {
    const theta = [1, -2];
    let [m, v] = [[0, 0], [0, 0]];
    const gradients = [[0.3, -4], [-0.2, 1]];
    gradients.forEach((gradient, k) => {
      m = m.map((x, i) => 0.9 * x + 0.1 * gradient[i]!);
      v = v.map((x, i) => 0.99 * x + 0.01 * gradient[i]! ** 2);
      theta.forEach((x, i) => (theta[i] = x - 0.1 * (m[i]! / (1 - 0.9 ** (k + 1))) / (Math.sqrt(v[i]! / (1 - 0.99 ** (k + 1))) + 1e-8)));
    });
    const state = after(gradients);
    state.theta.forEach((x, i) => expect(x).to.be.closeTo(theta[i]!, 1e-6));
    expect(state.outerStep).to.equal(2);
  });

  it('decays theta apart from the gradient', () => {
    const [first, second] = after([[0, 0], [0, 0]], {weightDecay: 0.5}).theta;
    expect(first).to.be.closeTo(0.95 ** 2, 1e-6);
    expect(second).to.be.closeTo(-2 * 0.95 ** 2, 1e-6);
  });

  it('shortens a gradient to `clip` times the running mean of the norms, which itself follows outliers slowly', () => {
    const calm: Array<readonly number[]> = Array.from({length: 3}, () => [0.6, 0.8]), outlier = [60, 80];
    const state = after(calm, {clip: 2});
    expect(state.norm).to.be.closeTo(1, 1e-12);
    const moment = state.moment[0]!;
    expect(updateTheta(state, Float64Array.from(outlier), {...OPTIONS, clip: 2})).to.be.closeTo(100, 1e-9);
    const norm = 0.98 + 0.02 * 5;
    expect(state.norm).to.be.closeTo(norm, 1e-6);
    expect(state.moment[0]).to.be.closeTo(0.9 * moment + 0.1 * 2 * norm * 0.6, 1e-6);
  });

  it('leaves gradients below that, and a first one, as they are', () => {
    for (const gradient of [[0.6, 0.8], [0.06, 0.08]]) {
      const state = after([[0.6, 0.8]], {clip: 2}), moment = state.moment[0]!;
      updateTheta(state, Float64Array.from(gradient), {...OPTIONS, clip: 2});
      expect(state.moment[0]).to.be.closeTo(0.9 * moment + 0.1 * gradient[0]!, 1e-6);
    }
  });
});

describe('meanGradient', () => {
  it('is the mean over pairs', () => {
    expect([...meanGradient([Float32Array.of(1, 4), Float32Array.of(3, -8)])]).to.deep.equal([2, -2]);
  });
});

describe('rateShare', () => {
  it('rises in the first twentieth, then falls along a cosine to a tenth', () => {
    expect(rateShare(1, 1000)).to.be.closeTo(1 / 50, 1e-4);
    expect(rateShare(50, 1000)).to.be.closeTo(1, 0.01);
    expect(rateShare(500, 1000)).to.be.closeTo(0.55, 1e-9);
    expect(rateShare(1000, 1000)).to.be.closeTo(0.1, 1e-9);
  });
});
