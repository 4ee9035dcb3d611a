import {expect} from 'chai';
import {flatnessTerm} from '../../src/flatness/create-term.js';
import {enginePairs, type SampleTask} from '../../src/meta/engine-pair.js';
import type {AntitheticKind, HorizonRange, WindowPlan} from '../../src/meta/estimator.js';
import {AntitheticEstimator, type ParticlePair, type ParticleWindow} from '../../src/meta/estimators.js';
import type {WindowFlatness} from '../../src/meta/window-flatness.js';
import {Random} from '../../src/random.js';
import {RolloutEngine} from '../../src/rollout/engine.js';
import {THETA_SIZE} from '../../src/rules/tensor-lstm/spec.js';
import {loadDigits} from '../../src/tasks/digits.js';
import {sampleMlpTask} from '../../src/tasks/mlp-family.js';
import {defaultTheta} from '../../src/theta/default-theta.js';

const digits = loadDigits().train, theta = defaultTheta().values;

const planOf = (steps: number): WindowPlan => ({steps, horizons: [10, 30], imitation: 0});

function estimator(engine: RolloutEngine, kind: AntitheticKind, seed = 3): AntitheticEstimator {
  const start = enginePairs(engine, random => ({
    ...sampleMlpTask(random, digits, {maxMultiplyAdds: 50_000, excludedHidden: []}), steps: Math.round(random.logUniform(10, 30)), horizon: 0, hasLoss: true,
  }), {kind: 'logLoss', over: 'mean', on: 'train'});
  return new AntitheticEstimator({kind, sigma: 0.01, maxDifference: 0.5, signOnly: false, stagger: true}, THETA_SIZE, new Random(seed), start, [10, 30]);
}

describe('AntitheticEstimator in the compiled engine', () => {
  for (const kind of ['nres', 'pes', 'es'] as const) {
    it(`${kind} goes on from its serialized state bit for bit, in another engine, across tasks`, () => {
      const one = estimator(RolloutEngine.create(), kind), expected = new Float32Array(THETA_SIZE), got = new Float32Array(THETA_SIZE);
      one.window(theta, planOf(7), new Float32Array(THETA_SIZE));
      const state = structuredClone(one.serialize()), other = estimator(RolloutEngine.create(), kind);
      for (let k = 0; k < 12; k++) one.window(theta, planOf(7), expected);
      other.restore(state);
      for (let k = 0; k < 12; k++) other.window(theta, planOf(7), got);
      expect(got.some(g => g !== 0)).to.equal(true);
      expect(got).to.deep.equal(expected);
    });
  }

  it('draws horizons from what it is given, and scores imitation and flatness beside losses', () => {
    const flatness: WindowFlatness = {term: flatnessTerm({measure: 'hessianNorm', norm: 'frobenius', strength: 0.5}), at: [0.5, 1]};
    const sample: SampleTask = (random, horizons) => (
      {...sampleMlpTask(random, digits, {maxMultiplyAdds: 50_000, excludedHidden: []}), steps: Math.round(random.logUniform(...horizons)), horizon: 0, hasLoss: true});
    const start = enginePairs(RolloutEngine.create(), sample, {kind: 'logLoss', over: 'mean', on: 'train'}, {teacherLearningRate: 0.01, flatness});
    const pairOf = (range: HorizonRange): ParticlePair => start(new Random(5), range);
    expect(pairOf([10, 12]).steps).to.be.within(10, 12);
    expect(pairOf([90, 99]).steps).to.be.within(90, 99);
    const windowAt = (weight: number): ParticleWindow => {
      const pair = pairOf([20, 20]), window = pair.particles[0].run(theta, 10, weight);
      pair.dispose();
      return window;
    };
    const [none, one, two] = [0, 1, 2].map(windowAt) as [ParticleWindow, ParticleWindow, ParticleWindow];
    expect(one.objective - none.objective).to.be.above(0.01);
    expect(two.objective - none.objective).to.be.closeTo(2 * (one.objective - none.objective), 1e-6 * two.objective);
    expect(none.flatness).to.have.lengthOf(2);
    expect(none.flatness!.every(penalty => penalty > 0)).to.be.true;
    expect(one.flatness).to.deep.equal(none.flatness);
  });

  it('takes no more memory with every task', () => {
    const engine = RolloutEngine.create(), pair = estimator(engine, 'nres'), gradient = new Float32Array(THETA_SIZE);
    const run = (windows: number): void => {
      for (let k = 0; k < windows; k++) pair.window(theta, planOf(10), gradient);
    };
    run(600);
    const before = engine.memoryBytes;
    run(300);
    expect(engine.memoryBytes).to.equal(before);
  });
});
