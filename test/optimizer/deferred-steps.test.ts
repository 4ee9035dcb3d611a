import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {DeferredSteps} from '../../src/optimizer/deferred-steps.js';

describe('DeferredSteps', () => {
  it('counts what was not made, of booleans and of numbers, and keeps one tensor', () => {
    const before = tf.memory().numTensors, steps = new DeferredSteps();
    expect(steps.skipped).to.equal(0);
    for (const made of [true, false, true, true, false]) steps.add(tf.scalar(made, 'bool'));
    for (const made of [1, 0]) steps.add(tf.scalar(made));
    expect(steps.skipped).to.equal(3);
    expect(tf.memory().numTensors).to.equal(before + 1);
    steps.dispose();
    expect(steps.skipped).to.equal(0);
    expect(tf.memory().numTensors).to.equal(before);
  });

  for (const waiting of [false, true]) {
    it(`tells of a watched step once, ${waiting ? 'read in the meantime' : 'at once'}`, async () => {
      const before = tf.memory().numTensors, steps = new DeferredSteps();
      expect(steps.settle()).to.equal(true);
      for (const made of [0, 1]) {
        tf.tidy(() => steps.watch(tf.scalar(made), () => undefined));
        if (waiting) await new Promise(resolve => setTimeout(resolve, 1));
        expect(steps.settle()).to.equal(made === 1);
        expect(steps.settle()).to.equal(true);
      }
      expect(tf.memory().numTensors).to.equal(before);
    });
  }

  it('asks whether the device lives before it believes a 0, and forgets the step', () => {
    const before = tf.memory().numTensors, steps = new DeferredSteps();
    tf.tidy(() => steps.watch(tf.scalar(0), () => {
      throw new Error('lost');
    }));
    expect(() => steps.settle()).to.throw('lost');
    expect(steps.settle()).to.equal(true);
    expect(tf.memory().numTensors).to.equal(before);
  });
});
