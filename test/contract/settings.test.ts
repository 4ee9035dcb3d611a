import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {L2OError, learnedOptimizer, type LearnedOptimizerOptions, planSteps} from '../../src/index.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {apply, Bowl, minimize} from './bowl.js';
import {autoencoder, mlp} from './tasks.js';
import {compiled, expectClose, expectDifferent, expectSame, mean, train, valuesOf, weightsOf} from './training.js';

const SHAPES = [[4, 3], [5]];

/** The values after some steps with `options`; `change` is called before each step. */
function ran(options: LearnedOptimizerOptions, change: (optimizer: ReturnType<typeof learnedOptimizer>, step: number) => void = () => undefined): Float32Array[] {
  const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer(options);
  for (let step = 0; step < 10; step++) {
    change(optimizer, step);
    minimize(optimizer, bowl, step, step + 1);
  }
  const values = bowl.values();
  optimizer.dispose();
  bowl.dispose();
  return values;
}

/** How far each value goes in a first step. */
function firstStep(options: LearnedOptimizerOptions, scale = 1): Float32Array[] {
  const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer(options), before = bowl.values();
  const gradients = bowl.gradients(0, scale);
  optimizer.applyGradients(bowl.variables.map(({name}, i) => ({name, tensor: gradients[i]!})));
  const steps = bowl.values().map((v, i) => v.map((x, j) => x - before[i]![j]!));
  tf.dispose(gradients);
  optimizer.dispose();
  bowl.dispose();
  return steps;
}

describe('the horizon', () => {
  forEachBackend(BACKENDS, () => {
    for (const task of [mlp, autoencoder]) {
      it(`can be passed five times over: ${task.title} goes on sensibly and does not blow up`, async () => {
        const model = compiled(task, learnedOptimizer({numSteps: 40}));
        const planned = await train(model, task, 0, 40), beyond = await train(model, task, 40, 200);
        expect(beyond.every(Number.isFinite)).to.be.true;
        // Means of ten batches: the loss of one fresh batch of 16 spikes under any optimizer.
        const tens = Array.from({length: beyond.length / 10}, (_, i) => mean(beyond.slice(10 * i, 10 * i + 10)));
        expect(Math.max(...tens)).to.be.lessThan(mean(planned.slice(0, 3)));
        // What was learned is kept: at the end of the plan steps are small, after it they are those of an open-ended run.
        expect(mean(beyond.slice(-20))).to.be.lessThan(0.2 * mean(planned.slice(0, 3)));
        model.optimizer.dispose();
        model.dispose();
      });
    }

    it('can be left out, and set, changed and taken away in the middle', () => {
      const free = ran({});
      expectDifferent(ran({numSteps: 10}), free);
      expectSame(ran({numSteps: undefined}), free);
      expectSame(ran({}, optimizer => (optimizer.numSteps = 10)), ran({numSteps: 10}));
      expectSame(ran({numSteps: 10}, optimizer => (optimizer.numSteps = undefined)), free);
      const changed = ran({numSteps: 10}, (optimizer, step) => (optimizer.numSteps = step < 5 ? 10 : 1000));
      expectDifferent(changed, ran({numSteps: 10}));
    });

    it('does not bound horizon-free training: 600 steps stay finite and reach a low loss', () => {
      const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer(), before = bowl.lossValue();
      for (let step = 0; step < 600; step++) optimizer.minimize(() => bowl.loss(), false, bowl.variables);
      expect(bowl.lossValue()).to.be.lessThan(0.05 * before);
      optimizer.dispose();
      bowl.dispose();
    });
  });
});

describe('learningRate', () => {
  it('multiplies the step, and can be set in the middle', () => {
    const one = firstStep({}), half = firstStep({learningRate: 0.5});
    expectClose(half.map(v => v.map(x => 2 * x)), one, 1e-4);
    expectSame(ran({}, optimizer => (optimizer.learningRate = 0.25)), ran({learningRate: 0.25}));
    expectDifferent(ran({}, (optimizer, step) => (optimizer.learningRate = step < 5 ? 1 : 0.1)), ran({}));
  });

  it('and numSteps are checked when they are set, and keep their value where that is refused', () => {
    const optimizer = learnedOptimizer({learningRate: 0.5, numSteps: 7});
    for (const bad of [0, -1, NaN, Infinity, '1', null, undefined]) {
      expect(() => (optimizer.learningRate = bad as number), String(bad)).to.throw(L2OError, 'learningRate').with.property('code', 'INVALID_ARGUMENT');
    }
    for (const bad of [0, -1, 1.5, NaN, Infinity, '1', true]) {
      expect(() => (optimizer.numSteps = bad as number), String(bad)).to.throw(L2OError, 'numSteps').with.property('code', 'INVALID_ARGUMENT');
    }
    expect([optimizer.learningRate, optimizer.numSteps]).to.deep.equal([0.5, 7]);
    optimizer.dispose();
  });
});

describe('clipNorm', () => {
  it('scales gradients by their norm over all variables', () => {
    const bowl = new Bowl(SHAPES), gradients = bowl.gradients();
    const norm = Math.hypot(...valuesOf(gradients).flatMap(v => [...v]));
    tf.dispose(gradients);
    bowl.dispose();
    expectClose(firstStep({clipNorm: norm / 8}), firstStep({}, 1 / 8), 1e-5);
  });

  it('acts on gradients above it, and leaves others alone', () => {
    expectDifferent(ran({clipNorm: 5}), ran({}));
    expectSame(ran({clipNorm: 1e6}), ran({}));
  });
});

describe('weightDecay', () => {
  const SHRUNK = {weightDecay: 0.5};

  /** Which weights of a model with a bias and a normalisation are moved by weight decay. */
  async function decayed(options: LearnedOptimizerOptions): Promise<string[]> {
    const results: Float32Array[][] = [];
    const names: string[] = [];
    for (const given of [options, {...options, weightDecay: 0}]) {
      const model = sequential({layers: [
        layers.dense({units: 4, inputShape: [5], kernelInitializer: 'ones', biasInitializer: 'ones', name: 'first'}), layers.batchNormalization({name: 'norm'}),
        layers.layerNormalization({name: 'layerNorm'}), layers.dense({units: 3, kernelInitializer: 'ones', biasInitializer: 'ones', name: 'second'}),
      ]});
      model.compile({optimizer: learnedOptimizer(given), loss: 'meanSquaredError'});
      await train(model, mlp, 0, 1);
      results.push(weightsOf(model));
      if (names.length === 0) names.push(...model.weights.map(w => w.originalName));
      model.optimizer.dispose();
      model.dispose();
    }
    return names.filter((_, i) => results[0]![i]!.some((x, j) => x !== results[1]![i]![j]));
  }

  forEachBackend(BACKENDS, () => {
    it('skips biases and normalisation weights by default', async () => {
      expect(await decayed(SHRUNK)).to.deep.equal(['first/kernel', 'second/kernel']);
    });
  });

  it('takes those that decayMask chooses, by name and shape', async () => {
    const seen = new Map<string, readonly number[]>();
    const decayMask = (name: string, shape: readonly number[]): boolean => {
      seen.set(name.replace(/_\d+$/, ''), [...shape]);
      return name.startsWith('second/bias') || name.startsWith('norm/gamma');
    };
    expect(await decayed({...SHRUNK, decayMask})).to.deep.equal(['norm/gamma', 'second/bias']);
    expect(seen.get('first/kernel')).to.deep.equal([5, 4]);
    expect(seen.get('second/bias')).to.deep.equal([3]);
  });

  it('shrinks weights towards zero', () => {
    const sizes = [0, 0.5].map(weightDecay => {
      const optimizer = learnedOptimizer({weightDecay, decayMask: () => true}), bowl = new Bowl(SHAPES);
      for (let step = 0; step < 20; step++) apply(optimizer, bowl, step);
      const size = bowl.values().flatMap(v => [...v]).reduce((sum, x) => sum + x * x, 0);
      optimizer.dispose();
      bowl.dispose();
      return size;
    });
    expect(sizes[1]).to.be.lessThan(sizes[0]!);
  });
});

describe('planSteps', () => {
  it('is the number of steps that fit makes, and that the optimizer counts', async () => {
    const model = compiled(mlp, learnedOptimizer()), {x, y} = mlp.batch(0);
    for (const [batchSize, epochs] of [[5, 2], [16, 3], [100, 1], [undefined, undefined]]) {
      const before = model.optimizer.iterations;
      await model.fit(x, y, {verbose: 0, ...(batchSize !== undefined && {batchSize}), ...(epochs !== undefined && {epochs})});
      const numSteps = planSteps({numExamples: x.shape[0], ...(batchSize !== undefined && {batchSize}), ...(epochs !== undefined && {epochs})});
      expect(model.optimizer.iterations - before).to.equal(numSteps);
    }
    tf.dispose([x, y]);
    model.optimizer.dispose();
    model.dispose();
  });
});
