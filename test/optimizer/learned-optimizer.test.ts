import {MathBackendCPU} from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {L2OError, learnedOptimizer, LearnedOptimizer} from '../../src/index.js';
import {defaultTheta} from '../../src/theta/default-theta.js';
import {initialTheta} from '../../src/rules/tensor-lstm/initial-theta.js';
import {Random} from '../../src/random.js';
import {apply, Bowl, minimize} from '../contract/bowl.js';
import {mlp} from '../contract/tasks.js';
import {compiled, expectSame, loaded, saved, train} from '../contract/training.js';
import {BACKENDS, forEachBackend, useBackend} from '../support/backends.js';

function fromConfig(config: Record<string, unknown>): LearnedOptimizer {
  return LearnedOptimizer.fromConfig<LearnedOptimizer>(LearnedOptimizer, config as tf.serialization.ConfigDict);
}

describe('LearnedOptimizer', () => {
  it('allocates nothing when it is made, and is made before any backend is ready', async () => {
    const before = tf.memory();
    let ready: (backend: MathBackendCPU) => void = () => undefined;
    tf.registerBackend('slow', () => new Promise(resolve => (ready = resolve)));
    const setting = tf.setBackend('slow');
    expect(() => tf.zeros([1])).to.throw();
    const optimizer = learnedOptimizer({numSteps: 10, weightDecay: 0.1});
    expect([optimizer.iterations, optimizer.skippedSteps]).to.deep.equal([0, 0]);
    expect(optimizer.theta.hash).to.equal(defaultTheta().hash);
    ready(new MathBackendCPU());
    await setting;
    await useBackend('cpu');
    tf.removeBackend('slow');
    expect(tf.memory().numTensors).to.equal(before.numTensors);
    optimizer.dispose();
  });

  it('survives getConfig and fromConfig, a theta of one\'s own included', () => {
    for (const options of [{}, {numSteps: 7, learningRate: 0.3, weightDecay: 0.1, clipNorm: 2, parameterScale: false, onNonFinite: 'throw', theta: initialTheta(new Random(4))}] as const) {
      const optimizer = learnedOptimizer(options), config = optimizer.getConfig();
      // As TF.js does: through JSON, and with a key more.
      const copy = fromConfig({...JSON.parse(JSON.stringify(config)) as object, customObjects: {}});
      expect(copy.getConfig()).to.deep.equal(config);
      expect(copy.theta).to.deep.equal(optimizer.theta);
      [optimizer, copy].forEach(o => o.dispose());
    }
  });

  it('puts no theta of the package into its config', () => {
    expect(learnedOptimizer().getConfig().theta).to.equal(null);
  });

  it('keeps in its config what was set in training', () => {
    const optimizer = learnedOptimizer({numSteps: 5});
    optimizer.learningRate = 0.25;
    optimizer.numSteps = undefined;
    expect(optimizer.getConfig()).to.include({learningRate: 0.25, numSteps: null});
    optimizer.dispose();
  });

  it('refuses a config that is none of its own', () => {
    const config = learnedOptimizer().getConfig();
    const bad: ReadonlyArray<readonly [object, string]> = [
      [{...config, beta1: 0.9}, 'UNKNOWN_OPTION'], [{...config, learningRate: 'fast'}, 'INVALID_ARGUMENT'], [{...config, numSteps: 'many'}, 'INVALID_ARGUMENT'],
      [{...config, theta: 'AAAA'}, 'INVALID_THETA'], [{...config, theta: 'not base64!'}, 'INVALID_THETA'], [{...config, theta: 'AAAAAAAA'}, 'INVALID_THETA'],
    ];
    for (const [wrong, code] of bad) expect(() => fromConfig(wrong as Record<string, unknown>), JSON.stringify(wrong)).to.throw(L2OError).with.property('code', code);
  });

  it('is known by its class name, since instanceof of TF.js cannot tell optimizers apart', () => {
    const optimizer = learnedOptimizer();
    expect(optimizer.getClassName()).to.equal('LearnedOptimizer');
    expect(LearnedOptimizer.className).to.equal('LearnedOptimizer');
    optimizer.dispose();
  });

  it('gives a state that lasts, even where its class name and config are asked for in the same turn, as model.save does', async () => {
    const bowl = new Bowl([[3]]), optimizer = learnedOptimizer(), target = learnedOptimizer(), second = learnedOptimizer();
    minimize(optimizer, bowl, 0, 2);
    const state = {className: optimizer.getClassName(), config: optimizer.getConfig(), weights: await optimizer.getWeights()};
    await target.setWeights(state.weights);
    await second.setWeights(state.weights);
    expect([target.iterations, second.iterations]).to.deep.equal([2, 2]);
    tf.dispose(state.weights.map(w => w.tensor));
    [optimizer, target, second].forEach(o => o.dispose());
    bowl.dispose();
  });

  forEachBackend(BACKENDS, () => {
    it('after dispose refuses every use, and disposes once more without complaint', async () => {
      const bowl = new Bowl([[3], [2, 2]]), optimizer = learnedOptimizer(), before = tf.memory().numTensors;
      minimize(optimizer, bowl, 0, 2);
      optimizer.minimize(() => tf.mul(bowl.loss(), NaN), false, bowl.variables);
      const weights = await optimizer.getWeights(), values = bowl.values();
      optimizer.dispose();
      optimizer.dispose();
      for (const use of [() => minimize(optimizer, bowl, 2, 3), () => apply(optimizer, bowl, 2), () => void optimizer.computeGradients(() => bowl.loss()), () => optimizer.applyGradients({})]) {
        expect(use).to.throw(L2OError).with.property('code', 'DISPOSED');
      }
      for (const use of [() => optimizer.getWeights(), () => optimizer.setWeights(weights)]) {
        const error: unknown = await use().then(() => undefined, (e: unknown) => e);
        expect(error).to.be.an.instanceOf(L2OError).with.property('code', 'DISPOSED');
      }
      expectSame(bowl.values(), values);
      expect([optimizer.iterations, optimizer.skippedSteps, optimizer.learningRate]).to.deep.equal([2, 1, 1]);
      tf.dispose(weights.map(w => w.tensor));
      // apply() leaves the gradients that were refused.
      expect(tf.memory().numTensors).to.equal(before + bowl.variables.length);
      bowl.dispose();
    });

    it('writes nothing to the console, and gives no notice where all is well', async () => {
      const written: unknown[] = [], methods = ['log', 'info', 'warn', 'error', 'debug'] as const, originals = {...console};
      methods.forEach(m => (console[m] = (...args: unknown[]) => void written.push(args)));
      try {
        const model = compiled(mlp, learnedOptimizer({numSteps: 10, onNotice: notice => void written.push(notice)}));
        await train(model, mlp, 0, 12);
        const resumed = await loaded(await saved(model));
        await train(resumed, mlp, 12, 14);
        const bowl = new Bowl([[3]]), quiet = learnedOptimizer();
        quiet.minimize(() => tf.mul(bowl.loss(), NaN), false, bowl.variables);
        [model.optimizer, resumed.optimizer, model, resumed, quiet, bowl].forEach(x => void x.dispose());
      } finally {
        Object.assign(console, originals);
      }
      expect(written).to.deep.equal([]);
    });
  });
});
