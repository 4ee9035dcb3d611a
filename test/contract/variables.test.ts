import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {L2OError, learnedOptimizer} from '../../src/index.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {apply, Bowl, minimize} from './bowl.js';
import {mlp, regression} from './tasks.js';
import {compiled, expectClose, expectDifferent, expectSame, stateOf, train, trainedInTurn, weightsOf} from './training.js';

/** Ranks 0 to 5; sizes below, at and off multiples of 4 and 8. */
const SHAPES = [[], [1], [3], [5], [7], [9], [15], [17], [8], [3, 3], [2, 3, 5], [3, 3, 2, 4], [1, 2, 3, 2, 2]];

describe('variables', () => {
  forEachBackend(BACKENDS, backend => {
    it('of ranks 0 to 5 and of odd sizes all move towards their targets, and stay finite', () => {
      const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer({numSteps: 150}), before = bowl.values();
      for (let step = 0; step < 150; step++) optimizer.minimize(() => bowl.loss());
      const after = bowl.values(), gradients = bowl.gradients();
      after.forEach((values, i) => {
        const distance = (v: Float32Array, g: Float32Array): number => v.reduce((sum, x, j) => sum + (x - (values[j]! - g[j]! / 2)) ** 2, 0);
        const gradient = gradients[i]!.dataSync<'float32'>();
        expect(distance(values, gradient), `variable of shape [${SHAPES[i]!.join()}]`).to.be.lessThan(0.5 * distance(before[i]!, gradient));
      });
      tf.dispose(gradients);
      optimizer.dispose();
      bowl.dispose();
    });

    it('without elements are stepped over, alone and among others, and change nothing for the others', () => {
      const results = [[], [[0], [4, 0, 2]]].map(shapes => {
        const bowl = new Bowl([[3], [2, 2]]), empty = shapes.map(shape => tf.tidy(() => tf.variable(tf.zeros(shape))));
        const optimizer = learnedOptimizer();
        for (let step = 0; step < 5; step++) {
          const gradients = [...empty.map(v => tf.zeros(v.shape)), ...bowl.gradients(step)];
          optimizer.applyGradients([...empty, ...bowl.variables].map(({name}, i) => ({name, tensor: gradients[i]!})));
          tf.dispose(gradients);
        }
        const values = bowl.values();
        if (empty.length > 0) {
          const gradient = tf.zeros(empty[0]!.shape);
          optimizer.applyGradients({[empty[0]!.name]: gradient});
          gradient.dispose();
          expect(empty.every(v => !v.isDisposed && v.dataSync().length === 0)).to.be.true;
        }
        tf.dispose(empty);
        optimizer.dispose();
        bowl.dispose();
        return values;
      });
      expectSame(results[1]!, results[0]!);
    });

    it('without a gradient stay as they are, and go on where they stood when they get one again', () => {
      const bowl = new Bowl([[4], [2, 3]]), optimizer = learnedOptimizer(), [first, second] = bowl.variables as [tf.Variable, tf.Variable];
      minimize(optimizer, bowl, 0, 3);
      const before = bowl.values();
      for (let step = 3; step < 6; step++) optimizer.minimize(() => bowl.loss(step, [second]), false, [first, second]);
      expectSame([bowl.values()[0]!], [before[0]!]);
      expectDifferent([bowl.values()[1]!], [before[1]!]);
      minimize(optimizer, bowl, 6, 9);
      expectDifferent([bowl.values()[0]!], [before[0]!]);
      optimizer.applyGradients({[first.name]: null as unknown as tf.Tensor});
      optimizer.applyGradients([{name: second.name, tensor: undefined as unknown as tf.Tensor}]);
      optimizer.applyGradients({});
      optimizer.applyGradients([]);
      expect(optimizer.iterations).to.equal(9);
      optimizer.dispose();
      bowl.dispose();
    });

    it('that are added in the middle train, and the old ones go on as before', () => {
      const bowl = new Bowl([[4], [2, 3], [3, 3]]), optimizer = learnedOptimizer(), old = bowl.variables.slice(0, 2);
      for (let step = 0; step < 5; step++) optimizer.minimize(() => bowl.loss(step, old), false, old);
      const before = bowl.values();
      minimize(optimizer, bowl, 5, 20);
      expectDifferent([bowl.values()[2]!], [before[2]!]);
      expect(optimizer.iterations).to.equal(20);
      optimizer.dispose();
      bowl.dispose();
    });

    it('may come in another order at every step', () => {
      const results = [false, true].map(reorder => {
        const bowl = new Bowl([[4], [4], [2, 2], []]), optimizer = learnedOptimizer();
        for (let step = 0; step < 12; step++) {
          const variables = reorder && step % 2 === 1 ? [...bowl.variables].reverse() : bowl.variables;
          optimizer.minimize(() => bowl.loss(step), false, variables);
        }
        const values = bowl.values();
        optimizer.dispose();
        bowl.dispose();
        return values;
      });
      // Sums over the variables come in another order too.
      expectClose(results[1]!, results[0]!, 1e-5);
    });

    it('of a weight that is listed twice step once', () => {
      const results = [false, true].map(twice => {
        const bowl = new Bowl([[4], [2, 2]]), optimizer = learnedOptimizer();
        for (let step = 0; step < 5; step++) {
          const variables = twice ? [...bowl.variables, bowl.variables[0]!] : bowl.variables;
          optimizer.minimize(() => bowl.loss(step), false, variables);
        }
        const values = bowl.values();
        optimizer.dispose();
        bowl.dispose();
        return values;
      });
      expectSame(results[1]!, results[0]!);
    });

    it('of a layer that is used twice in a model step once', async () => {
      const shared = layers.dense({units: 5, activation: 'tanh', inputShape: [5]});
      const model = sequential({layers: [shared, layers.dense({units: 3})]});
      model.add(layers.dense({units: 5, activation: 'tanh'}));
      model.add(shared);
      model.add(layers.dense({units: 3}));
      model.compile({optimizer: learnedOptimizer(), loss: 'meanSquaredError'});
      const before = weightsOf(model), losses = await train(model, mlp, 0, 20);
      expect(losses.every(Number.isFinite)).to.be.true;
      expectDifferent(weightsOf(model), before);
      model.optimizer.dispose();
      model.dispose();
    });

    it('of a layer that is frozen in the middle stay as they are, and go on when it is unfrozen', async () => {
      const model = compiled(mlp, learnedOptimizer());
      const freeze = (frozen: boolean): void => {
        model.layers[0]!.trainable = !frozen;
        model.compile({optimizer: model.optimizer, loss: mlp.loss});
      };
      await train(model, mlp, 0, 5);
      const before = weightsOf(model);
      freeze(true);
      await train(model, mlp, 5, 10);
      const frozen = model.layers[0]!.getWeights().map(w => w.dataSync<'float32'>().slice());
      expectSame(frozen, before.slice(0, 2));
      expectDifferent(weightsOf(model), before);
      freeze(false);
      await train(model, mlp, 10, 15);
      expectDifferent(model.layers[0]!.getWeights().map(w => w.dataSync<'float32'>().slice()), frozen);
      expect(model.optimizer.iterations).to.equal(15);
      model.optimizer.dispose();
      model.dispose();
    });

    it('of two models in turn, as a GAN\'s, are trained by one optimizer as by one for each, bit for bit', async () => {
      const results = await Promise.all([true, false].map(isShared =>
        trainedInTurn(() => learnedOptimizer({numSteps: 20}), [mlp, regression], isShared, {steps: 12, every: 3})));
      expectSame(results[0]!, results[1]!);
    });

    it('that are not float32 are refused before anything changes', async () => {
      const bowl = new Bowl([[4]]), optimizer = learnedOptimizer();
      minimize(optimizer, bowl, 0, 3);
      const before = bowl.values(), state = await stateOf(optimizer);
      const others = tf.tidy(() => [
        tf.variable(tf.tensor1d([1, 2], 'int32')), tf.variable(tf.tensor1d([true, false], 'bool')),
        // TF.js's wasm backend has no complex numbers.
        ...(backend === 'wasm' ? [] : [tf.variable(tf.complex([1, 2], [3, 4]))]),
      ]);
      for (const other of others) {
        const gradients = bowl.gradients(), wrong = tf.clone(other);
        const list = [{name: bowl.variables[0]!.name, tensor: gradients[0]!}, {name: other.name, tensor: wrong}];
        for (const given of [list, Object.fromEntries(list.map(({name, tensor}) => [name, tensor]))]) {
          expect(() => optimizer.applyGradients(given)).to.throw(L2OError, other.dtype).with.property('code', 'UNSUPPORTED_DTYPE');
        }
        tf.dispose([...gradients, wrong]);
      }
      expectSame(bowl.values(), before);
      expect(await stateOf(optimizer)).to.deep.equal(state);
      tf.dispose(others);
      apply(optimizer, bowl, 3);
      expectDifferent(bowl.values(), before);
      optimizer.dispose();
      bowl.dispose();
    });

    it('are not touched where a gradient has another name, shape or dtype, or has been disposed', async () => {
      const bowl = new Bowl([[4], [2, 2]]), optimizer = learnedOptimizer(), [{name: first}, {name: second}] = bowl.variables as [tf.Variable, tf.Variable];
      minimize(optimizer, bowl, 0, 3);
      const before = bowl.values(), state = await stateOf(optimizer), good = tf.ones([4]), disposed = tf.ones([2, 2]);
      disposed.dispose();
      const bad: ReadonlyArray<readonly [string, tf.Tensor, string]> = [
        ['nobody', tf.ones([2, 2]), 'INVALID_ARGUMENT'], [second, tf.ones([4]), 'INVALID_ARGUMENT'], [second, disposed, 'INVALID_ARGUMENT'],
        [second, tf.ones([2, 2], 'int32'), 'UNSUPPORTED_DTYPE'],
      ];
      for (const [name, tensor, code] of bad) {
        expect(() => optimizer.applyGradients({[first]: good, [name]: tensor})).to.throw(L2OError, name).with.property('code', code);
        tensor.dispose();
      }
      expectSame(bowl.values(), before);
      expect(await stateOf(optimizer)).to.deep.equal(state);
      good.dispose();
      optimizer.dispose();
      bowl.dispose();
    });
  });
});
