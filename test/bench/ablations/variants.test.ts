import {expect} from 'chai';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {trainTwin, type TwinOptions} from '../../../bench/ablations/twin.js';
import {VARIANTS, type Variant} from '../../../bench/ablations/variants.js';
import {RECIPE} from '../../../recipes/tensor-lstm-config.js';
import {initialOuterState, Trainer} from '../../../src/meta/trainer.js';
import {Random} from '../../../src/random.js';
import {RolloutEngine} from '../../../src/rollout/engine.js';
import type {EngineRollout} from '../../../src/rollout/engine-rollout.js';
import {NUM_HIDDEN, NUM_INPUTS, NUM_TENSOR_SLOTS, THETA_SIZE, thetaEntry} from '../../../src/rules/tensor-lstm/spec.js';
import {compiledFormOf} from '../../../src/tasks/compiled-problem.js';
import {mlpRegressionFamily} from '../../../src/tasks/families/mlp-regression.js';
import {defaultTheta} from '../../../src/theta/default-theta.js';

function variant(name: string): Variant {
  return VARIANTS.find(v => v.name === name)!;
}

/** The trained theta, with what these twins hold. */
function holding(...names: string[]): Float32Array {
  const theta = defaultTheta().values.slice();
  for (const {start, frozen = []} of names.map(variant)) {
    const initial = start(new Random(7));
    for (const place of frozen) theta[place] = initial[place]!;
  }
  return theta;
}

const engine = RolloutEngine.create(), STEPS = 30;

/** Parameters after a run. */
function run(theta: Float32Array, options: {horizon?: number; hasLoss?: boolean} = {}, disturb?: (rollout: EngineRollout) => void): Float32Array {
  const problem = compiledFormOf(mlpRegressionFamily({numExamples: 50, depth: 1, width: 6}).sample(new Random(2)))!(), loaded = engine.load(problem);
  const rollout = engine.start(loaded, {rule: 'tensor-lstm', learningRate: 1, horizon: 0, hasLoss: true, ...options}), losses = new Float32Array(STEPS);
  rollout.setTheta(theta);
  rollout.run(STEPS - 1, losses);
  disturb?.(rollout);
  rollout.run(1, losses);
  const parameters = rollout.parameters();
  rollout.dispose();
  loaded.dispose();
  return parameters;
}

/** Other numbers for h and c of each tensor's LSTM. */
function disturbMemory(rollout: EngineRollout): void {
  const state = rollout.snapshot(), [, , tensorSlots] = state.pieces;
  for (let at = 0; at < tensorSlots!.length; at += NUM_TENSOR_SLOTS) for (let k = 0; k < 2 * NUM_HIDDEN; k++) tensorSlots![at + k]! += 0.5;
  rollout.restore(state);
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
}

describe('the twins of the ablations', () => {
  it('without memory step the same whatever the LSTM remembers, which the trained theta does not', () => {
    expect(distance(run(holding('no-memory')), run(holding('no-memory'), {}, disturbMemory))).to.be.below(1e-6);
    expect(distance(run(holding()), run(holding(), {}, disturbMemory))).to.be.above(1e-5);
  });

  it('without loss features do not see the loss, but for the guard', () => {
    const blind = holding('no-loss-features', 'no-guard');
    expect(distance(run(blind), run(blind, {hasLoss: false}))).to.equal(0);
    expect(distance(run(holding('no-guard')), run(holding('no-guard'), {hasLoss: false}))).to.be.above(0);
  });

  it('without time features do not see the horizon, but for cooldown and decay', () => {
    const blind = holding('no-time-features', 'no-pace');
    expect(distance(run(blind), run(blind, {horizon: STEPS}))).to.equal(0);
    expect(distance(run(holding('no-pace')), run(holding('no-pace'), {horizon: STEPS}))).to.be.above(0);
  });

  it('without features of each kind hold what the one without features at all holds', () => {
    const parts = ['no-loss-features', 'no-time-features', 'no-tensor-features'].flatMap(name => variant(name).frozen!);
    const {offset} = thetaEntry('gateKernel'), sorted = (places: readonly number[]): number[] => [...places].sort((a, b) => a - b);
    const all = Array.from({length: NUM_INPUTS * 4 * NUM_HIDDEN}, (_, i) => offset + i);
    expect(sorted(parts)).to.deep.equal(all);
    expect(sorted(variant('no-features').frozen!)).to.deep.equal(all);
  });

  it('start as the recipe does but for what they change', () => {
    const recipe = variant('recipe').start(new Random(RECIPE.seed));
    for (const {name, start, frozen = []} of VARIANTS) {
      const theta = start(new Random(RECIPE.seed)), changed = Array.from(theta.keys()).filter(i => theta[i] !== recipe[i]), {length} = changed;
      expect(theta, name).to.have.lengthOf(THETA_SIZE);
      if (frozen.length > 0) expect(changed.every(i => frozen.includes(i)), name).to.be.true;
      expect(length > 0, name).to.equal(start !== variant('recipe').start);
    }
  });

  it('train otherwise than the recipe where something is added to it, and go on from their checkpoints', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'l2o-twins-'));
    const trained = async (name: string, changes: Partial<TwinOptions> = {}): Promise<Float32Array> => {
      const options = {seed: 3, numOuterSteps: 2, workers: 1, checkpoint: join(folder, name), isOver: () => false, ...changes};
      return (await trainTwin(variant(name), options)).state.theta;
    };
    try {
      const recipe = await trained('recipe');
      expect(recipe).to.not.deep.equal(variant('recipe').start(new Random(3).fork('theta')));
      for (const name of ['imitation', 'local-entropy', 'hessian', 'curriculum']) expect(await trained(name), name).to.not.deep.equal(recipe);
      expect(await trained('recipe', {isOver: () => expect.fail('trained again')})).to.deep.equal(recipe);
    } finally {
      rmSync(folder, {recursive: true});
    }
  });

  it('learn all weights but those that they hold', async () => {
    const {family, start} = variant('no-augmentation'), {frozen} = variant('no-memory'), theta = start(new Random(1)), state = initialOuterState(theta);
    const trainer = new Trainer({
      family: family!, seed: 1, numPairs: 2, workers: 1, windowSteps: 3, estimator: RECIPE.estimator, objective: RECIPE.objective,
      learningRate: () => 1e-3, horizons: () => [10, 20], frozen: frozen!,
    }, state);
    try {
      await trainer.start();
      await trainer.step();
    } finally {
      await trainer.stop();
    }
    expect(frozen!.every(place => state.theta[place] === theta[place])).to.be.true;
    expect(state.theta.filter((x, i) => x !== theta[i]).length).to.equal(THETA_SIZE - frozen!.length);
  });
});
