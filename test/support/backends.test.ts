import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {createRequire} from 'node:module';
import {BACKENDS, forEachBackend} from './backends.js';

const require = createRequire(import.meta.url);

describe('the test backends', () => {
  forEachBackend(BACKENDS, name => {
    it('trains a Layers model through fit', async () => {
      const model = sequential({layers: [layers.dense({units: 1, inputShape: [2], kernelInitializer: 'zeros'})]});
      const x = tf.tensor2d([[0, 1], [1, 0], [1, 1], [0, 0]]);
      const y = tf.tensor2d([[1], [2], [3], [0]]);
      const optimizer = tf.train.sgd(0.5);
      model.compile({optimizer, loss: 'meanSquaredError'});
      const {history} = await model.fit(x, y, {epochs: 30, batchSize: 4, shuffle: false, verbose: 0});
      expect(history.loss?.at(-1)).to.be.lessThan(0.05);
      tf.dispose([x, y]);
      model.dispose();
      optimizer.dispose();
    });

    it('is one engine with the tfjs-core that tests import', () => {
      expect(tf.getBackend()).to.equal(name === 'node' ? 'tensorflow' : name);
      expect(tf.engine()).to.equal((require('@tensorflow/tfjs-core') as typeof tf).engine());
    });
  });

  describe('together', () => {
    // Last, so that all three are loaded.
    it('load one copy of tfjs-core, of tfjs-layers and of the cpu backend', () => {
      const main = /@tensorflow[\\/]tfjs-(core|layers|backend-cpu)[\\/]dist[\\/][^\\/]*\.node\.js$/;
      expect(Object.keys(require.cache).filter(path => main.test(path))).to.have.lengthOf(3);
    });
  });
});
