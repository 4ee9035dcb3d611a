import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {checkTask} from '../../src/meta/check-task.js';
import {slopes} from './families/slopes.js';

const FAULTY = new URL('./families/faulty.ts', import.meta.url);

describe('checkTask', () => {
  it('runs a task alone, of a family or of a module, and leaves nothing behind', async () => {
    const before = tf.memory().numTensors;
    const losses = await checkTask({tasks: slopes, seed: 4, steps: 60});
    expect(losses).to.have.length(60);
    const mean = (part: number[]): number => part.reduce((a, b) => a + b, 0) / part.length;
    expect(mean(losses.slice(-20))).to.be.below(mean(losses.slice(0, 20)));
    expect(await checkTask({tasks: new URL('./families/slopes.ts', import.meta.url), seed: 4, steps: 60})).to.deep.equal(losses);
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('reproduces the error of a faulty task', async () => {
    const error = await checkTask({tasks: FAULTY, seed: 123, steps: 3}).then(() => undefined, (e: unknown) => e);
    expect(error).to.be.instanceOf(L2OError).with.property('message').that.matches(/task seed 123, step 2: expected train batches without end/);
    expect(await checkTask({tasks: FAULTY, seed: 123, steps: 2})).to.have.length(2);
  });

  it('checks its options', async () => {
    for (const options of [{tasks: 3}, {tasks: slopes, seed: -1}, {tasks: slopes, steps: 0}, {tasks: slopes, step: 1}]) {
      expect(await checkTask(options as Parameters<typeof checkTask>[0]).then(() => undefined, (e: unknown) => e)).to.be.instanceOf(L2OError);
    }
  });
});
