import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model as functionalModel, sequential, type LayersModel, type SymbolicTensor} from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {learnedOptimizer, type LearnedOptimizerOptions} from '../../src/index.js';
import {Random} from '../../src/random.js';
import {initialTheta} from '../../src/rules/tensor-lstm/initial-theta.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {apply, Bowl, minimize} from './bowl.js';
import {conv, lstm, mlp, twoOutputs, type Task} from './tasks.js';
import {compiled, copyState, expectDifferent, expectSame, loaded, optimizerOf, saved, stateOf, train, weightsOf} from './training.js';

/** The weights after each of the steps from `from` on to before `to`. */
async function history(model: LayersModel, task: Task, from: number, to: number): Promise<Float32Array[]> {
  const weights: Float32Array[] = [];
  for (let step = from; step < to; step++) {
    await train(model, task, step, step + 1);
    weights.push(...weightsOf(model));
  }
  return weights;
}

function discard(...models: LayersModel[]): void {
  for (const model of models) {
    model.optimizer.dispose();
    model.dispose();
  }
}

const OPTIONS: ReadonlyArray<readonly [string, LearnedOptimizerOptions]> = [
  ['a plan of the steps', {numSteps: 40}],
  ['every option that is saved', {learningRate: 0.7, weightDecay: 0.01, clipNorm: 0.5, parameterScale: false, onNonFinite: 'throw', theta: initialTheta(new Random(3))}],
];

describe('save and resume', () => {
  forEachBackend(BACKENDS, backend => {
    for (const task of [mlp, twoOutputs, lstm, ...(backend === 'wasm' ? [] : [conv])]) {
      for (const [title, options] of OPTIONS) {
        it(`goes on bit for bit through model.save and load, twice, for ${task.title}, with ${title}`, async () => {
          const whole = compiled(task, learnedOptimizer(options));
          await train(whole, task, 0, 7);
          const artifacts = await saved(whole);
          const expected = await history(whole, task, 7, 21);

          const resumed = await loaded(artifacts);
          expect(optimizerOf(resumed).iterations).to.equal(7);
          const first = await history(resumed, task, 7, 14);
          const again = await loaded(await saved(resumed));
          expectSame([...first, ...await history(again, task, 14, 21)], expected);
          expect(optimizerOf(again).iterations).to.equal(21);
          expect(optimizerOf(again).getConfig()).to.deep.equal(whole.optimizer.getConfig());

          // A save that has been loaded, and trained, is whole: it can be loaded again.
          const twin = await loaded(artifacts);
          expectSame(await history(twin, task, 7, 14), first);
          discard(whole, resumed, again, twin);
        });
      }
    }

    it('goes on bit for bit through getWeights and setWeights of a fresh optimizer', async () => {
      const bowls = [new Bowl([[4, 3], [3], [], [2, 1, 3]]), new Bowl([[4, 3], [3], [], [2, 1, 3]])] as const;
      const whole = learnedOptimizer({numSteps: 30}), part = learnedOptimizer({numSteps: 30}), rest = learnedOptimizer({numSteps: 30});
      minimize(whole, bowls[0], 0, 20);
      minimize(part, bowls[1], 0, 8);
      await copyState(part, rest);
      part.dispose();
      minimize(rest, bowls[1], 8, 20);
      expectSame(bowls[1].values(), bowls[0].values());
      expect([...(await stateOf(rest)).values()]).to.deep.equal([...(await stateOf(whole)).values()]);
      [whole, rest].forEach(o => o.dispose());
      bowls.forEach(b => b.dispose());
    });

    it('restores skipped steps, and steps that are saved before they are resumed', async () => {
      const bowl = new Bowl([[3]]), optimizer = learnedOptimizer();
      minimize(optimizer, bowl, 0, 3);
      optimizer.minimize(() => tf.mul(bowl.loss(), NaN), false, bowl.variables);
      const second = learnedOptimizer(), third = learnedOptimizer();
      await copyState(optimizer, second);
      await copyState(second, third);
      expect([third.iterations, third.skippedSteps]).to.deep.equal([3, 1]);
      const values = bowl.values();
      minimize(optimizer, bowl, 3, 6);
      const expected = bowl.values();
      bowl.variables.forEach((v, i) => tf.tidy(() => v.assign(tf.tensor(values[i]!, v.shape))));
      minimize(third, bowl, 3, 6);
      expectSame(bowl.values(), expected);
      [optimizer, second, third].forEach(o => o.dispose());
      bowl.dispose();
    });

    it('takes back an optimizer to an earlier state of its own', async () => {
      const bowl = new Bowl([[4], [2, 2]]), optimizer = learnedOptimizer({numSteps: 30});
      minimize(optimizer, bowl, 0, 5);
      const values = bowl.values(), weights = await optimizer.getWeights();
      minimize(optimizer, bowl, 5, 10);
      const expected = bowl.values();
      await optimizer.setWeights(weights);
      bowl.variables.forEach((v, i) => tf.tidy(() => v.assign(tf.tensor(values[i]!, v.shape))));
      minimize(optimizer, bowl, 5, 10);
      expectSame(bowl.values(), expected);
      tf.dispose(weights.map(w => w.tensor));
      optimizer.dispose();
      bowl.dispose();
    });

    it('a snapshot by getWeights stays readable, and as it was, while training goes on', async () => {
      const bowl = new Bowl([[4], [2, 2]]), optimizer = learnedOptimizer();
      minimize(optimizer, bowl, 0, 3);
      const config = optimizer.getConfig(), [first, second] = [await optimizer.getWeights(), await optimizer.getWeights()];
      const before = first.map(({tensor}) => [...tensor.dataSync()]);
      minimize(optimizer, bowl, 3, 6);
      apply(optimizer, bowl, 6);
      for (const weights of [first, second]) {
        const after = await Promise.all(weights.map(({tensor}) => tensor.data<'float32'>()));
        expect(after.map(a => [...a])).to.deep.equal(before);
      }
      expect(config).to.deep.equal(optimizer.getConfig());
      tf.dispose([...first, ...second].map(w => w.tensor));
      optimizer.dispose();
      bowl.dispose();
    });
  });

  it('is by the state: a fresh optimizer on the same weights goes another way', async () => {
    const model = compiled(mlp, learnedOptimizer());
    await train(model, mlp, 0, 7);
    const resumed = await loaded(await saved(model));
    const forgetful = await loaded(await saved(model));
    forgetful.optimizer.dispose();
    forgetful.compile({optimizer: learnedOptimizer(), loss: mlp.loss});
    expectDifferent(await history(resumed, mlp, 7, 10), await history(forgetful, mlp, 7, 10));
    discard(model, resumed, forgetful);
  });

  it('keeps layers apart whose weights have the same shapes and, but for a number, the same names', async () => {
    const twins: Task = {
      ...mlp, loss: 'meanSquaredError',
      build() {
        const x = input({shape: [5]});
        const towers = ['tower_1', 'tower_2', 'tower_3'].map(name => layers.dense({units: 5, name, activation: 'tanh'}).apply(x) as SymbolicTensor);
        const sum = layers.add().apply(towers) as SymbolicTensor;
        return functionalModel({inputs: x, outputs: layers.dense({units: 3, name: 'head'}).apply(sum) as SymbolicTensor});
      },
    };
    const whole = compiled(twins, learnedOptimizer());
    await train(whole, twins, 0, 5);
    const resumed = await loaded(await saved(whole));
    expectSame(await history(resumed, twins, 5, 9), await history(whole, twins, 5, 9));
    discard(whole, resumed);
  });

  it('keeps the state of a layer that is frozen at the time of the save', async () => {
    const build = (): LayersModel => {
      const model = sequential({layers: [layers.dense({units: 4, inputShape: [5], name: 'first'}), layers.dense({units: 3, name: 'second'})]});
      const random = new Random(1);
      tf.tidy(() => model.setWeights(model.getWeights().map(w => tf.tensor(random.normals(w.size), w.shape))));
      return model;
    };
    const task: Task = {...mlp, build, loss: 'meanSquaredError'};
    const freeze = (model: LayersModel, frozen: boolean): void => {
      model.layers[0]!.trainable = !frozen;
      model.compile({optimizer: model.optimizer, loss: task.loss});
    };
    const whole = compiled(task, learnedOptimizer());
    await train(whole, task, 0, 4);
    freeze(whole, true);
    await train(whole, task, 4, 8);
    const resumed = await loaded(await saved(whole));
    const histories = await Promise.all([whole, resumed].map(async model => {
      freeze(model, true);
      const frozen = await history(model, task, 8, 10);
      freeze(model, false);
      return [...frozen, ...await history(model, task, 10, 14)];
    }));
    expectSame(histories[1]!, histories[0]!);
    discard(whole, resumed);
  });
});
