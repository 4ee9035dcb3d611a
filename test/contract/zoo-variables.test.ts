import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {L2OError} from '../../src/index.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {apply, Bowl, minimize} from './bowl.js';
import {mlp, regression} from './tasks.js';
import {expectClose, expectDifferent, expectSame, stateOf, trainedInTurn} from './training.js';
import {BOWL_STEPS, ranOnBowl, ZOO, zooOptimizer} from './zoo.js';

const SHAPES = [[4, 3], [5], []];

for (const rule of ZOO) {
  describe(`the variables of learnedOptimizer({rule: '${rule}', theta})`, () => {
    forEachBackend(BACKENDS, () => {
      it('steps variables without elements over, alone and among others', () => {
        const results = [[], [[0], [4, 0, 2]]].map(shapes => {
          const bowl = new Bowl([[3], [2, 2]]), empty = shapes.map(shape => tf.tidy(() => tf.variable(tf.zeros(shape))));
          const optimizer = zooOptimizer(rule);
          for (let step = 0; step < 3; step++) {
            const gradients = [...empty.map(v => tf.zeros(v.shape)), ...bowl.gradients(step)];
            optimizer.applyGradients([...empty, ...bowl.variables].map(({name}, i) => ({name, tensor: gradients[i]!})));
            if (empty.length > 0) optimizer.applyGradients({[empty[0]!.name]: gradients[0]!});
            tf.dispose(gradients);
          }
          const values = bowl.values();
          expect(empty.every(v => !v.isDisposed && v.dataSync().length === 0)).to.be.true;
          tf.dispose(empty);
          optimizer.dispose();
          bowl.dispose();
          return values;
        });
        // The step counter went on without the others, and rnnprop goes by it.
        if (rule !== 'rnnprop') expectSame(results[1]!, results[0]!);
        else expectClose(results[1]!, results[0]!, 0.1);
      });

      it('takes subsets of the variables, and any order: what has no gradient stays, and goes on later', () => {
        const bowl = new Bowl([[4], [2, 3]]), optimizer = zooOptimizer(rule), [first, second] = bowl.variables as [tf.Variable, tf.Variable];
        minimize(optimizer, bowl, 0, 2);
        const before = bowl.values();
        for (let step = 2; step < 4; step++) optimizer.minimize(() => bowl.loss(step, [second]), false, [first, second]);
        expectSame([bowl.values()[0]!], [before[0]!]);
        expectDifferent([bowl.values()[1]!], [before[1]!]);
        minimize(optimizer, bowl, 4, 5);
        expectDifferent([bowl.values()[0]!], [before[0]!]);
        optimizer.dispose();
        bowl.dispose();
        const orders = [false, true].map(reorder => {
          const mixed = new Bowl([[4], [4], [2, 2], []]), own = zooOptimizer(rule);
          for (let step = 0; step < 5; step++) own.minimize(() => mixed.loss(step), false, reorder && step % 2 === 1 ? [...mixed.variables].reverse() : mixed.variables);
          const values = mixed.values();
          own.dispose();
          mixed.dispose();
          return values;
        });
        expectClose(orders[1]!, orders[0]!, 1e-5);
      });

      it('trains two models in turn as one optimizer for each would, bit for bit', async () => {
        const results = await Promise.all([true, false].map(isShared =>
          trainedInTurn(() => zooOptimizer(rule), [mlp, regression], isShared, {steps: 5, every: 2})));
        expectSame(results[0]!, results[1]!);
      });

      it('skips a step that is not finite: nothing changes, bit for bit, and it is counted and told of', async () => {
        const notices: string[] = [], bowl = new Bowl(SHAPES), optimizer = zooOptimizer(rule, {onNotice: notice => void notices.push(notice)});
        optimizer.minimize(() => tf.mul(bowl.loss(), NaN), false, bowl.variables);
        minimize(optimizer, bowl, 0, 2);
        const values = bowl.values(), state = await stateOf(optimizer);
        state.delete('l2o/state');
        let skipped = 1;
        for (const bad of [NaN, Infinity, -Infinity]) {
          const gradients = bowl.gradients(), spoiled = tf.fill([5], bad);
          optimizer.applyGradients(Object.fromEntries(bowl.variables.map((v, i) => [v.name, i === 1 ? spoiled : gradients[i]!])));
          optimizer.minimize(() => tf.add(bowl.loss(), bad), false, bowl.variables);
          expect(optimizer.skippedSteps).to.equal(skipped += 2);
          tf.dispose([...gradients, spoiled]);
        }
        expectSame(bowl.values(), values);
        const after = await stateOf(optimizer);
        after.delete('l2o/state');
        expect(after).to.deep.equal(state);
        expect([optimizer.iterations, notices.length]).to.deep.equal([2, 1]);
        minimize(optimizer, bowl, 2, BOWL_STEPS);
        expectSame(bowl.values(), ranOnBowl(rule, SHAPES));
        optimizer.dispose();
        bowl.dispose();
      });

      it('throws where asked to, with the name of the variable or the loss, and goes on afterwards', () => {
        const bowl = new Bowl(SHAPES), optimizer = zooOptimizer(rule, {onNonFinite: 'throw'});
        minimize(optimizer, bowl, 0, 2);
        const values = bowl.values(), spoiled = tf.fill([5], NaN);
        expect(() => optimizer.applyGradients({[bowl.variables[1]!.name]: spoiled})).to.throw(L2OError, `'${bowl.variables[1]!.name}'`).with.property('code', 'NON_FINITE');
        expect(() => optimizer.minimize(() => tf.add(bowl.loss(), NaN), false, bowl.variables)).to.throw(L2OError, 'the loss').with.property('code', 'NON_FINITE');
        expectSame(bowl.values(), values);
        apply(optimizer, bowl, 2);
        expectDifferent(bowl.values(), values);
        spoiled.dispose();
        optimizer.dispose();
        bowl.dispose();
      });
    });
  });
}
