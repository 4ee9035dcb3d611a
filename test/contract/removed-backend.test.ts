import {MathBackendCPU} from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {L2OError, learnedOptimizer} from '../../src/index.js';
import {useBackend} from '../support/backends.js';
import {Bowl, minimize} from './bowl.js';

const NAME = 'removable';

describe('a backend that is removed in the middle', () => {
  after(() => useBackend('cpu'));

  it('is told of before the loss is computed from what is left of its values, and before a step', async () => {
    tf.registerBackend(NAME, () => new MathBackendCPU());
    tf.copyRegisteredKernels('cpu', NAME);
    await tf.setBackend(NAME);
    const bowl = new Bowl([[4, 3], [5]]), optimizer = learnedOptimizer();
    minimize(optimizer, bowl, 0, 2);
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
    expect(losses).to.equal(0);
    expect(optimizer.iterations).to.equal(2);
    // Others are trained as ever.
    const other = new Bowl([[3]]);
    minimize(optimizer, other, 0, 1);
    tf.dispose(ones.map(({tensor}) => tensor));
    optimizer.dispose();
    [bowl, other].forEach(b => b.dispose());
  });
});
