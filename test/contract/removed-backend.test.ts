import {MathBackendCPU} from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {FlatnessRegularizer, L2OError, learnedOptimizer, type LearnedOptimizer} from '../../src/index.js';
import {Random} from '../../src/random.js';
import {lstmDm} from '../../src/rules/lstm-dm.js';
import {failure} from '../support/failure.js';
import {useBackend} from '../support/backends.js';
import {Bowl, minimize} from './bowl.js';

const NAME = 'removable';

/** Makes the backend the current one, and two steps there. */
async function twoStepsThere(): Promise<{bowl: Bowl; optimizer: LearnedOptimizer}> {
  tf.registerBackend(NAME, () => new MathBackendCPU());
  tf.copyRegisteredKernels('cpu', NAME);
  await tf.setBackend(NAME);
  const bowl = new Bowl([[4, 3], [5]]), optimizer = learnedOptimizer();
  minimize(optimizer, bowl, 0, 2);
  return {bowl, optimizer};
}

describe('a backend that is removed in the middle', () => {
  after(() => useBackend('cpu'));

  it('is told of before the loss is computed from what is left of its values, and before a step', async () => {
    const {bowl, optimizer} = await twoStepsThere();
    tf.removeBackend(NAME);
    await useBackend('cpu');
    let losses = 0;
    const loss = (): tf.Scalar => {
      losses++;
      return bowl.loss();
    };
    const ones = bowl.variables.map(({name, shape}) => ({name, tensor: tf.ones(shape)}));
    for (const use of [() => optimizer.minimize(loss, false, bowl.variables), () => optimizer.minimize(loss), () => optimizer.applyGradients(ones)]) {
      expect(use).to.throw(L2OError, 'last saved').with.property('code', 'ENVIRONMENT');
    }
    // Without a list f alone tells which variables it needs.
    expect(losses).to.equal(1);
    expect(optimizer.iterations).to.equal(2);
    // Others are trained as ever.
    const other = new Bowl([[3]]);
    minimize(optimizer, other, 0, 1);
    optimizer.minimize(() => other.loss());
    expect(optimizer.iterations).to.equal(4);
    tf.dispose(ones.map(({tensor}) => tensor));
    optimizer.dispose();
    [bowl, other].forEach(b => b.dispose());
  });

  it('keeps the count of skipped steps of one that was left before', async () => {
    const {bowl, optimizer} = await twoStepsThere();
    optimizer.minimize(() => tf.tidy(() => tf.mul(bowl.loss(), NaN)), false, bowl.variables);
    await useBackend('cpu');
    minimize(optimizer, bowl, 2, 3);
    tf.removeBackend(NAME);
    expect([optimizer.skippedSteps, await optimizer.readSkippedSteps()]).to.deep.equal([1, 1]);
    optimizer.dispose();
    bowl.dispose();
  });

  it('is told of where the count of skipped steps is asked for', async () => {
    const {bowl, optimizer} = await twoStepsThere();
    tf.removeBackend(NAME);
    await useBackend('cpu');
    expect(() => optimizer.skippedSteps).to.throw(L2OError).with.property('code', 'ENVIRONMENT');
    for (const read of [optimizer.readSkippedSteps(), optimizer.getWeights()]) expect(await failure(read)).to.be.instanceOf(L2OError).with.property('code', 'ENVIRONMENT');
    optimizer.dispose();
    bowl.dispose();
  });

  for (const end of ['removed', 'disposed'] as const) {
    it(`is told of by a rule of the zoo too: ${end}`, async () => {
      await useBackend('wasm');
      // A backend of its own: that of the other tests lives on.
      const own = `wasm, ${end}`;
      tf.registerBackend(own, tf.findBackendFactory('wasm'));
      tf.copyRegisteredKernels('wasm', own);
      await tf.setBackend(own);
      const bowl = new Bowl([[4, 3], [5]]), optimizer = learnedOptimizer({rule: 'lstm-dm', theta: lstmDm.initialTheta(new Random(1))});
      minimize(optimizer, bowl, 0, 2);
      if (end === 'removed') tf.removeBackend(own);
      else tf.backend().dispose();
      await useBackend('cpu');
      expect(await failure(optimizer.getWeights())).to.be.instanceOf(L2OError).with.property('code', 'ENVIRONMENT');
      expect(() => optimizer.minimize(() => bowl.loss(), false, bowl.variables)).to.throw(L2OError).with.property('code', 'ENVIRONMENT');
      // Left over from here on, they trouble no one: not even a penalty that restores all variables there are.
      const w = tf.variable(tf.scalar(1)), flat = new FlatnessRegularizer({measure: 'sharpness', strength: 1}), other = flat.wrap(tf.train.sgd(0.1));
      other.minimize(() => tf.square(w), false, [w]);
      expect(w.dataSync()[0]).to.be.below(1);
      w.dispose();
      optimizer.dispose();
      for (const {name} of bowl.variables) Reflect.deleteProperty(tf.engine().state.registeredVariables, name);
      // TF.js cannot remove what has been disposed.
      for (const known of [tf.engine().registry, tf.engine().registryFactory]) Reflect.deleteProperty(known, own);
    });
  }
});
