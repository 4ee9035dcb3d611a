import {expect} from 'chai';
import type {AntitheticKind} from '../../src/meta/estimator.js';
import {AntitheticEstimator, type ParticlePair} from '../../src/meta/estimators.js';
import {Random} from '../../src/random.js';

/**
 * A system whose Gaussian-smoothed gradient is known: the state s starts at 0 and adds theta each step, and a step scores
 * s² + b·s. With one theta for all of T steps, s_t = t·theta, so the mean score is theta²·m₂ + b·theta·m₁ with mₖ the mean of
 * tᵏ, and the gradient of its Gaussian smoothing is 2·theta·m₂ + b·m₁ for any sigma (the smoothing adds a constant).
 */
function integrator(steps: number, bias: number): () => ParticlePair {
  const particle = (): ParticlePair['particles'][0] => {
    let s = 0;
    return {
      run(theta, count) {
        let total = 0;
        for (let k = 0; k < count; k++) {
          s += theta[0]!;
          total += s * s + bias * s;
        }
        return {objective: total / count, steps: count, diverged: false};
      },
      snapshot: () => s,
      restore: saved => (s = saved as number),
      dispose: () => undefined,
    };
  };
  return () => ({name: 'integrator', steps, particles: [particle(), particle()], dispose: () => undefined});
}

const T = 20, BIAS = 3, THETA = 0.4;
const powers = Array.from({length: T}, (_, i) => i + 1);
const TRUE_GRADIENT = 2 * THETA * (powers.reduce((a, t) => a + t * t, 0) / T) + BIAS * (powers.reduce((a, t) => a + t, 0) / T);

/** Mean and standard error of the gradient over `tasks` whole tasks, window by window. */
function estimate(kind: AntitheticKind, window: number, tasks: number, sigma = 0.1, signOnly = false): {mean: number; error: number} {
  const estimator = new AntitheticEstimator({kind, sigma, maxDifference: Infinity, signOnly, stagger: false}, 1, new Random(3), integrator(T, BIAS), [T, T]);
  const perTask: number[] = [];
  for (let i = 0; i < tasks; i++) {
    const gradient = new Float32Array(1);
    for (let k = 0; k < T / window; k++) estimator.window(Float32Array.of(THETA), {steps: window, horizons: [T, T], imitation: 0}, gradient);
    perTask.push(gradient[0]! / (T / window));
  }
  const mean = perTask.reduce((a, b) => a + b, 0) / tasks;
  const variance = perTask.reduce((a, b) => a + (b - mean) ** 2, 0) / (tasks - 1);
  return {mean, error: Math.sqrt(variance / tasks)};
}

describe('AntitheticEstimator', () => {
  for (const kind of ['es', 'pes', 'nres'] as const) {
    it(`${kind} over the whole task is the gradient of the smoothed objective, in closed form`, () => {
      const {mean, error} = estimate(kind, T, 4000);
      expect(Math.abs(mean - TRUE_GRADIENT)).to.be.below(4 * error);
      expect(error).to.be.below(0.05 * TRUE_GRADIENT);
    });
  }

  for (const kind of ['pes', 'nres'] as const) {
    it(`${kind} in windows of 5 is unbiased`, () => {
      const {mean, error} = estimate(kind, 5, 20_000);
      expect(Math.abs(mean - TRUE_GRADIENT)).to.be.below(4 * error);
      expect(error).to.be.below(0.05 * TRUE_GRADIENT);
    });
  }

  it('truncated es in windows of 5 is provably wrong here: it misses what earlier windows left behind', () => {
    const {mean, error} = estimate('es', 5, 4000);
    // The gradient that it does estimate: d/d theta of a window's score with the state at its start held fixed.
    const local = [0, 5, 10, 15].map(start => [1, 2, 3, 4, 5].reduce((a, t) => a + (2 * (start + t) * THETA + BIAS) * t, 0) / 5);
    const expected = local.reduce((a, b) => a + b, 0) / 4;
    expect(Math.abs(mean - expected)).to.be.below(4 * error);
    expect(mean).to.be.below(0.5 * TRUE_GRADIENT);
  });

  it('the sign of the difference keeps the direction and forgets the size', () => {
    const {mean} = estimate('nres', T, 2000, 0.1, true);
    // E|e| / sigma for a standard normal e.
    expect(mean).to.be.closeTo(Math.sqrt(2 / Math.PI) / 0.1, 0.5);
  });

  it('depends on its generator alone', () => {
    expect(estimate('pes', 5, 10)).to.deep.equal(estimate('pes', 5, 10));
  });
});
