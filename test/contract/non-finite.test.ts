import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {L2OError, learnedOptimizer} from '../../src/index.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {Bowl, minimize} from './bowl.js';
import {expectDifferent, expectSame, stateOf} from './training.js';

const SHAPES = [[3], [9], [2, 3], []];
const BAD = [NaN, Infinity, -Infinity];

/** A step whose gradients are good but for one number of the second variable. */
function stepWith(optimizer: tf.Optimizer, bowl: Bowl, bad: number): void {
  const gradients = bowl.gradients();
  const values = gradients[1]!.dataSync<'float32'>().slice();
  values[8] = bad;
  gradients[1]!.dispose();
  gradients[1] = tf.tensor1d(values);
  try {
    optimizer.applyGradients(Object.fromEntries(bowl.variables.map((v, i) => [v.name, gradients[i]!])));
  } finally {
    tf.dispose(gradients);
  }
}

/** All of the state but the count of skipped steps. */
async function slotsOf(optimizer: ReturnType<typeof learnedOptimizer>): Promise<Map<string, string>> {
  const state = await stateOf(optimizer);
  state.delete('l2o/state');
  return state;
}

describe('where a gradient or the loss is not finite', () => {
  forEachBackend(BACKENDS, () => {
    it('skip leaves variables and slots untouched bit for bit, counts each step, and tells of it once', async () => {
      const notices: string[] = [], bowl = new Bowl(SHAPES);
      const optimizer = learnedOptimizer({onNotice: notice => void notices.push(notice)});
      minimize(optimizer, bowl, 0, 4);
      const values = bowl.values(), slots = await slotsOf(optimizer);
      let skipped = 0;
      for (const bad of BAD) {
        stepWith(optimizer, bowl, bad);
        expect(optimizer.skippedSteps).to.equal(++skipped);
        // The gradients are finite here, the loss is not.
        optimizer.minimize(() => tf.add(bowl.loss(), bad), false, bowl.variables);
        expect(optimizer.skippedSteps).to.equal(++skipped);
        optimizer.minimize(() => tf.mul(bowl.loss(), bad), false, bowl.variables);
        expect(optimizer.skippedSteps).to.equal(++skipped);
        expectSame(bowl.values(), values);
        expect(await slotsOf(optimizer)).to.deep.equal(slots);
      }
      expect(optimizer.iterations).to.equal(4);
      expect(notices).to.have.lengthOf(1);
      expect(notices[0]).to.include(`the gradient of '${bowl.variables[1]!.name}'`);
      optimizer.dispose();
      bowl.dispose();
    });

    it('training goes on afterwards as if the step had not been', () => {
      const results = [false, true].map(interrupted => {
        const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer({numSteps: 20});
        if (interrupted) stepWith(optimizer, bowl, NaN);
        minimize(optimizer, bowl, 0, 4);
        if (interrupted) BAD.forEach(bad => stepWith(optimizer, bowl, bad));
        if (interrupted) optimizer.minimize(() => tf.mul(bowl.loss(), NaN), false, bowl.variables);
        minimize(optimizer, bowl, 4, 20);
        const values = bowl.values();
        optimizer.dispose();
        bowl.dispose();
        return values;
      });
      expectSame(results[1]!, results[0]!);
    });

    it('throw names the variable, or the loss, and changes nothing', async () => {
      const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer({onNonFinite: 'throw'});
      minimize(optimizer, bowl, 0, 4);
      const values = bowl.values(), state = await stateOf(optimizer);
      for (const bad of BAD) {
        expect(() => stepWith(optimizer, bowl, bad)).to.throw(L2OError, `'${bowl.variables[1]!.name}'`).with.property('code', 'NON_FINITE');
        expect(() => optimizer.minimize(() => tf.add(bowl.loss(), bad), false, bowl.variables)).to.throw(L2OError, 'the loss').with.property('code', 'NON_FINITE');
      }
      expectSame(bowl.values(), values);
      expect(await stateOf(optimizer)).to.deep.equal(state);
      expect(optimizer.skippedSteps).to.equal(0);
      minimize(optimizer, bowl, 4, 6);
      expectDifferent(bowl.values(), values);
      expect(optimizer.iterations).to.equal(6);
      optimizer.dispose();
      bowl.dispose();
    });

    it('large but finite numbers are no reason to skip, and do not blow up', () => {
      const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer();
      for (const scale of [1e-30, 1e-12, 1, 1e12, 1e15]) optimizer.minimize(() => tf.mul(bowl.loss(), scale), false, bowl.variables);
      expect(optimizer.skippedSteps).to.equal(0);
      expect(bowl.values().every(v => v.every(x => Math.abs(x) < 100))).to.be.true;
      optimizer.dispose();
      bowl.dispose();
    });
  });

  it('the first step can be the bad one', async () => {
    const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer();
    const values = bowl.values();
    stepWith(optimizer, bowl, NaN);
    expectSame(bowl.values(), values);
    expect([optimizer.iterations, optimizer.skippedSteps]).to.deep.equal([0, 1]);
    // Slots may have been made by then, but nothing has been written to them.
    const weights = await optimizer.getWeights();
    for (const {name, tensor} of weights) {
      if (name.startsWith('l2o/variables/')) expect(tensor.dataSync().every(x => x === 0), name).to.be.true;
    }
    tf.dispose(weights.map(w => w.tensor));
    optimizer.dispose();
    bowl.dispose();
  });
});
