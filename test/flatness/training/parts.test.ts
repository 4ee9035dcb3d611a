import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {hookOf, hookOptimizer} from '../../../src/flatness/training/optimizer-hook.js';
import {QuickRandom} from '../../../src/flatness/training/quick-random.js';
import {RecordedRandomness} from '../../../src/flatness/training/recorded-randomness.js';
import {resolveSchedule, scheduleConfig} from '../../../src/flatness/training/schedule.js';
import {L2OError} from '../../../src/errors.js';

// The generator that TF.js draws from, by another name than the one that must not be used.
const draw = (): number => (Object.getOwnPropertyDescriptor(Math, 'random')!.value as () => number)();

describe('a schedule', () => {
  const resolve = (value: unknown): ReturnType<typeof resolveSchedule> => resolveSchedule('f', 'x', value, {min: 0}, 'Remedy.');

  it('of a number is that number', () => {
    expect([0, 5].map(step => resolve(2).at(step))).to.deep.equal([2, 2]);
  });

  it('goes up a ramp in a straight line, and stays', () => {
    expect([0, 1, 2, 4, 100].map(step => resolve({from: 0, to: 2, steps: 4}).at(step))).to.deep.equal([0, 0.5, 1, 2, 2]);
  });

  it('asks a function at each step', () => {
    expect(resolve((step: number) => 2 ** step).at(3)).to.equal(8);
  });

  it('refuses what a function gives out of range, and says at which step', () => {
    expect(() => resolve((step: number) => 1 - step).at(2)).to.throw(L2OError, 'x at step 2 must be a number ≥ 0, got -1');
  });

  for (const [what, value] of Object.entries({nothing: undefined, text: 'a', 'a negative number': -1, 'a ramp without steps': {from: 0, to: 1}, 'a ramp out of range': {from: 0, to: -1, steps: 3}, 'a misspelt ramp': {from: 0, too: 1, steps: 3}})) {
    it(`refuses ${what}`, () => {
      expect(() => resolve(value)).to.throw(L2OError, 'f:');
    });
  }

  it('is plain data unless it is a function', () => {
    expect(scheduleConfig('f', 'x', resolve({from: 0, to: 1, steps: 2}).given)).to.deep.equal({from: 0, to: 1, steps: 2});
    expect(() => scheduleConfig('f', 'x', () => 1)).to.throw(L2OError, 'Use {from, to, steps}');
  });
});

describe('QuickRandom', () => {
  it('draws normal numbers: moments up to the fourth, and no correlation between neighbours', () => {
    const values = new QuickRandom(1).normals(400_001), moment = (k: number): number => values.reduce((sum, x) => sum + x ** k, 0) / values.length;
    // Four standard errors of each.
    expect(moment(1)).to.be.closeTo(0, 0.0064);
    expect(moment(2)).to.be.closeTo(1, 0.009);
    expect(moment(3)).to.be.closeTo(0, 0.025);
    expect(moment(4)).to.be.closeTo(3, 0.062);
    expect(values.reduce((sum, x, i) => sum + x * (values[i + 1] ?? 0), 0) / values.length).to.be.closeTo(0, 0.0064);
  });

  it('has the quartiles of the normal distribution', () => {
    const values = new QuickRandom(2).normals(100_000).sort();
    expect(values[75_000]).to.be.closeTo(0.6745, 0.018);
    expect(values[99_865]).to.be.closeTo(3, 0.2);
  });

  it('draws the same from the same seed, and scales', () => {
    const one = new QuickRandom(3).normals(5), two = new QuickRandom(3).normals(5, 2);
    expect(Array.from(two)).to.deep.equal(Array.from(one, x => 2 * x));
  });
});

describe('RecordedRandomness', () => {
  it('replays what was drawn, as often as wanted, and draws nothing itself', () => {
    const own = Object.getOwnPropertyDescriptor(Math, 'random')!, randomness = new RecordedRandomness();
    let count = 0;
    Object.defineProperty(Math, 'random', {...own, value: () => ++count / 1000});
    try {
      const first = randomness.record(() => [draw(), draw()]);
      expect(first).to.deep.equal([0.001, 0.002]);
      expect(randomness.replay(() => [draw(), draw()])).to.deep.equal(first);
      expect(randomness.replay(() => [draw(), draw()])).to.deep.equal(first);
      const longer = randomness.replay(() => [draw(), draw(), draw()]);
      expect(longer[2]).to.be.within(0, 1);
      expect(randomness.replay(() => [draw(), draw(), draw()])).to.deep.equal(longer);
      expect(count).to.equal(2);
    } finally {
      Object.defineProperty(Math, 'random', own);
    }
  });

  it('gives dropout the same mask', () => {
    const randomness = new RecordedRandomness(), masked = (): number[] => Array.from(tf.tidy(() => tf.dropout(tf.ones([50]), 0.5).dataSync()));
    const first = randomness.record(masked);
    expect(masked()).to.not.deep.equal(first);
    expect(randomness.replay(masked)).to.deep.equal(first);
  });

  it('puts the generator back where the function throws', () => {
    const own = Object.getOwnPropertyDescriptor(Math, 'random')!.value as unknown;
    expect(() => new RecordedRandomness().record(() => { throw new Error('mine'); })).to.throw('mine');
    expect(Object.getOwnPropertyDescriptor(Math, 'random')!.value).to.equal(own);
  });
});

describe('hookOptimizer', () => {
  const pass = (plain: (f: () => tf.Scalar) => ReturnType<tf.Optimizer['computeGradients']>, f: () => tf.Scalar): ReturnType<typeof plain> => plain(f);

  it('stands in for computeGradients until it is removed', () => {
    const optimizer = tf.train.sgd(1), hook = hookOptimizer('f', optimizer, {owner: {}, compute: pass, isLive: () => true});
    expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(true);
    expect(Object.keys(optimizer)).to.not.include('computeGradients');
    hook.remove();
    expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(false);
    hook.remove();
  });

  it('gives an own computeGradients back', () => {
    const optimizer = tf.train.sgd(1), own: tf.Optimizer['computeGradients'] = f => ({value: f(), grads: {}});
    optimizer.computeGradients = own;
    hookOptimizer('f', optimizer, {owner: {}, compute: pass, isLive: () => true}).remove();
    expect(Object.getOwnPropertyDescriptor(optimizer, 'computeGradients')!.value).to.equal(own);
  });

  it('takes the place of a hook that is no longer live, and of no other', () => {
    const optimizer = tf.train.sgd(1);
    let live = true;
    hookOptimizer('f', optimizer, {owner: {}, compute: pass, isLive: () => live});
    expect(() => hookOptimizer('f', optimizer, {owner: {}, compute: pass, isLive: () => true})).to.throw(L2OError, 'not regularized yet');
    live = false;
    expect(hookOf(optimizer)).to.equal(undefined);
    expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(false);
    const second = hookOptimizer('f', optimizer, {owner: {}, compute: pass, isLive: () => true});
    expect(hookOf(optimizer)).to.equal(second);
    second.remove();
  });
});
