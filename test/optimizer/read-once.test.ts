import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {readOnce} from '../../src/optimizer/read-once.js';

describe('readOnce', () => {
  it('disposes a tensor once it has been read, and goes on returning its values', async () => {
    const before = tf.memory().numTensors, tensor = tf.tensor1d([1, 2, 3]);
    readOnce(tensor);
    expect([...tensor.dataSync()]).to.deep.equal([1, 2, 3]);
    expect(tensor.isDisposed).to.be.false;
    const [first, second] = await Promise.all([tensor.data(), tensor.data()]);
    expect([...first]).to.deep.equal([1, 2, 3]);
    expect([...second]).to.deep.equal([1, 2, 3]);
    expect(tensor.isDisposed).to.be.true;
    expect([...(await tensor.data())]).to.deep.equal([1, 2, 3]);
    expect(tf.memory().numTensors).to.equal(before);
    tensor.dispose();
  });
});
