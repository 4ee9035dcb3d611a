import {expect} from 'chai';
import {learnedOptimizer} from '../../src/index.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {Bowl} from './bowl.js';
import {autoencoder, conv, lstm, mlp, regression, twoOutputs} from './tasks.js';
import {mean, train} from './training.js';

describe('learnedOptimizer() trains, in one line of user code,', () => {
  forEachBackend(BACKENDS, backend => {
    // TF.js's wasm backend lacks the gradient of convolutions.
    for (const task of [regression, mlp, twoOutputs, lstm, autoencoder, ...(backend === 'wasm' ? [] : [conv])]) {
      it(task.title, async () => {
        const model = task.build();
        model.compile({optimizer: learnedOptimizer(), loss: task.loss});
        const losses = await train(model, task, 0, 80);
        expect(mean(losses.slice(-10))).to.be.lessThan(0.7 * mean(losses.slice(0, 5)));
        model.optimizer.dispose();
        model.dispose();
      });
    }

    it('a loop of one\'s own with minimize', () => {
      const bowl = new Bowl([[4, 3], [3], []]), before = bowl.lossValue();
      const optimizer = learnedOptimizer({numSteps: 150});
      for (let step = 0; step < 150; step++) optimizer.minimize(() => bowl.loss());
      expect(bowl.lossValue()).to.be.lessThan(0.2 * before);
      optimizer.dispose();
      bowl.dispose();
    });
  });

  it('with a plan of its steps too', async () => {
    const model = mlp.build();
    model.compile({optimizer: learnedOptimizer({numSteps: 60}), loss: mlp.loss});
    const losses = await train(model, mlp, 0, 60);
    expect(mean(losses.slice(-10))).to.be.lessThan(0.5 * mean(losses.slice(0, 5)));
    model.optimizer.dispose();
    model.dispose();
  });
});
