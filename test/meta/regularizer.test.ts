import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {FlatnessTerm} from '../../src/flatness/flatness-term.js';
import {L2OError} from '../../src/errors.js';
import {metaFit} from '../../src/meta/meta-fit.js';
import {rolloutParticle} from '../../src/meta/particle.js';
import {flatnessPoints, TaskFlatness} from '../../src/meta/window-flatness.js';
import {Random} from '../../src/random.js';
import {OpsRollout} from '../../src/rollout/ops-rollout.js';
import {RULE_NAMES} from '../../src/rules/registry.js';
import {quadraticFamily} from '../../src/tasks/families/quadratic.js';
import {defaultTheta} from '../../src/theta/default-theta.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';
import {failure} from '../support/failure.js';
import {slopes} from './families/slopes.js';
import {parameterNorm} from './parameter-norm.js';
import {RUN} from './run-options.js';

const SHARPNESS = {measure: 'sharpness', over: 'mean', strength: 0.1} as const;

/** Notes the first number that each of its calls draws. */
function noting(draws: number[]): FlatnessTerm {
  const norm = parameterNorm(1);
  return {...norm, value: (probe, random) => {
    draws.push(random.uniform());
    return norm.value(probe, random);
  }};
}

describe('the flatness penalty of a window', () => {
  it('is taken after shares of its steps, once each', () => {
    expect(flatnessPoints({at: [1]}, 20)).to.deep.equal([20]);
    expect(flatnessPoints({at: [1, 0.25, 0.5]}, 20)).to.deep.equal([5, 10, 20]);
    expect(flatnessPoints({at: [0.01, 0.1, 1]}, 3)).to.deep.equal([1, 3]);
  });

  it('changes nothing else of a particle\'s run, and is that of its parameters', () => {
    const objective = {kind: 'loss', over: 'mean', on: 'train'} as const, options = {rule: 'tensor-lstm', learningRate: 1, horizon: 9, hasLoss: true} as const;
    const run = (flatness?: TaskFlatness): {objective: number; flatness?: readonly number[]; norm: number} => {
      const rollout = new OpsRollout(slopes.sample(new Random(3)), {family: 'slopes', seed: 3}, options), particle = rolloutParticle(rollout, 9, objective, {value: undefined}, {flatness});
      const first = particle.run(defaultTheta().values, 4), second = particle.run(defaultTheta().values, 5), norm = rollout.probe().parameters().reduce((sum, p) => sum + p * p, 0) / 2;
      particle.dispose();
      return {objective: first.objective + second.objective, ...(second.flatness !== undefined && {flatness: second.flatness}), norm};
    };
    const plain = run(), regularized = run(new TaskFlatness({term: parameterNorm(2), at: [0.4, 1]}, new Random(1)));
    expect(regularized.objective).to.equal(plain.objective);
    expect(regularized.norm).to.equal(plain.norm);
    expect(regularized.flatness).to.have.length(2);
    expect(regularized.flatness![1]).to.be.closeTo(2 * plain.norm, 1e-6);
  });

  it('is perturbed alike in both particles of a pair, and anew in each window and task', async () => {
    const draws: number[] = [];
    await metaFit({...RUN, tasks: slopes, numPairs: 1, numOuterSteps: 8, numHeldOut: 1, regularizer: noting(draws)});
    expect(draws).to.have.length(2 * 8);
    const windows = draws.filter((_, i) => i % 2 === 0);
    expect(draws.filter((_, i) => i % 2 === 1)).to.deep.equal(windows);
    expect(new Set(windows).size).to.equal(8);
  });
});

describe('metaFit with a regularizer', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tfjs-l2o-regularizer-'))));
  afterEach(() => rmSync(folder, {recursive: true}));

  it('moves theta by it: a penalty on the parameters teaches the rule to bring them towards 0', async () => {
    // The tasks are the same for any learning rate.
    const penalty = async (learningRate: number): Promise<number> => {
      const {history} = await metaFit({
        tasks: quadraticFamily({dimension: 4}), numOuterSteps: 200, horizons: [10, 10], windowSteps: 10, numPairs: 8, validateEvery: 1000, numHeldOut: 1, learningRate, maxDifference: Infinity,
        regularizer: parameterNorm(1e3),
      });
      return history.slice(-20).reduce((sum, h) => sum + h.flatness!, 0);
    };
    expect(await penalty(1e-2)).to.be.below(0.9 * await penalty(1e-12));
  });

  for (const estimator of ['nres', 'bptt'] as const) {
    it(`gives the same theta with workers, and after an abort: ${estimator}`, async () => {
      const run = {...RUN, estimator, rule: 'rnnprop', numOuterSteps: 6, numPairs: 2, regularizer: SHARPNESS, regularizeAt: [0.5, 1], tasks: new URL('./families/slopes.ts', import.meta.url)} as const;
      const whole = await metaFit(run), stop = new AbortController();
      await metaFit({...run, workers: 1, checkpointDir: folder, signal: stop.signal, onProgress: p => p.outerStep === 3 && stop.abort()});
      const resumed = await metaFit({...run, checkpointDir: folder});
      expect(resumed.theta.hash).to.equal(whole.theta.hash);
      expect(resumed.history).to.deep.equal(whole.history);
      expect(whole.history.slice(1).every(h => h.flatness! >= 0 && h.flatnessDropped === 0)).to.equal(true);
    });
  }

  for (const rule of RULE_NAMES) {
    for (const estimator of ['es', 'nres', 'bptt'] as const) {
      it(`takes the penalties of ${rule} by ${estimator}, in the engine that its tasks have`, async () => {
        for (const tasks of [slopes as TaskFamily, quadraticFamily({dimension: 3}) as TaskFamily]) {
          const run = {...RUN, rule, estimator, tasks, numOuterSteps: 2, numPairs: 1, numHeldOut: 1, horizons: [8, 8], keep: 'last', regularizer: {...SHARPNESS, strength: 100}} as const;
          const {history, theta} = await metaFit(run), {regularizer: _none, ...bare} = run, plain = await metaFit(bare);
          expect(history.slice(1).map(h => h.flatness! >= 0 && Number.isFinite(h.flatness))).to.deep.equal([true, true]);
          expect(theta.hash).to.not.equal(plain.theta.hash);
        }
      });
    }
  }

  it('belongs to the recipe, so that a checkpoint of another strength is refused', async () => {
    const run = {...RUN, tasks: slopes, numOuterSteps: 1, checkpointDir: folder};
    await metaFit({...run, regularizer: SHARPNESS});
    const error = await metaFit({...run, regularizer: {...SHARPNESS, strength: 0.2}}).then(() => undefined, (e: unknown) => e);
    expect(error).to.be.instanceOf(L2OError).with.property('message').that.matches(/expected a checkpoint of this recipe/);
  });

  for (const estimator of ['nres', 'bptt'] as const) {
    it(`leaves out what is not finite, for both particles, and counts it: ${estimator}`, async () => {
      let calls = 0;
      const norm = parameterNorm(1), lost: FlatnessTerm = {
        ...norm, value: (probe, random) => (++calls % 3 === 0 ? NaN : norm.value(probe, random)),
        gradient: (probe, random) => (++calls % 3 === 0 ? {value: NaN, gradient: probe.parameters().fill(NaN)} : norm.gradient(probe, random)),
      };
      const {history, theta} = await metaFit({...RUN, estimator, tasks: slopes, numOuterSteps: 6, regularizer: lost});
      expect(history.slice(1).every(h => Number.isFinite(h.metaLoss) && Number.isFinite(h.flatness))).to.equal(true);
      expect(history.slice(1).reduce((sum, h) => sum + h.flatnessDropped!, 0)).to.be.above(0);
      expect(theta.values.every(Number.isFinite)).to.equal(true);
    });
  }

  for (const estimator of ['nres', 'bptt'] as const) {
    it(`reports the mean of those that are finite: ${estimator}`, async () => {
      let calls = 0;
      // Of the two points of each window, one has no penalty.
      const half: FlatnessTerm = {...parameterNorm(1), value: () => (++calls % 2 === 0 ? NaN : 10), gradient: probe => ({value: ++calls % 2 === 0 ? NaN : 10, gradient: probe.parameters().fill(0)})};
      const {history} = await metaFit({...RUN, estimator, tasks: slopes, numPairs: 1, numOuterSteps: 4, numHeldOut: 1, horizons: [8, 8], windowSteps: 4, regularizer: half, regularizeAt: [0.5, 1]});
      expect(history.slice(1).map(h => [h.flatness, h.flatnessDropped])).to.deep.equal(Array.from({length: 4}, () => [10, 1]));
    });

    it(`gives up where none is finite for five outer steps: ${estimator}`, async () => {
      const error = await failure(metaFit({...RUN, estimator, tasks: slopes, numOuterSteps: 20, regularizer: {measure: 'sharpness', over: 'mean', strength: 1, scaling: 'plain', radius: 1e38}}));
      expect(error).to.be.instanceOf(L2OError).with.property('code', 'NON_FINITE');
      expect(error).to.have.property('message').that.includes('5 outer steps');
    });
  }

  it('names what is wrong with it, and itself', async () => {
    for (const [bad, message] of [[{measure: 'x', strength: 1}, /metaFit's regularizer: .*'x'/], [{measure: 'sharpness', strength: -1}, /metaFit's regularizer: strength/]] as const) {
      expect(await failure(metaFit({...RUN, tasks: slopes, regularizer: bad as never}))).to.be.instanceOf(L2OError).with.property('message').that.matches(message);
    }
    for (const regularizeAt of [[], [1.5]]) expect(await failure(metaFit({...RUN, tasks: slopes, regularizer: SHARPNESS, regularizeAt}))).to.be.instanceOf(L2OError);
  });

  it('says nothing of flatness without one', async () => {
    const {history} = await metaFit({...RUN, tasks: slopes, numOuterSteps: 1});
    expect(history[1]).to.not.have.property('flatness');
  });
});
