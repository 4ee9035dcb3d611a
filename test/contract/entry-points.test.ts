import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {learnedOptimizer} from '../../src/index.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {apply, Bowl, minimize} from './bowl.js';
import {LAYERS_ENTRY_POINTS, LOOP_STEPS, LOSSLESS_STEPS} from './entry-points.js';
import {mlp} from './tasks.js';
import {expectDifferent, expectSame, weightsOf} from './training.js';

const SHAPES = [[4, 3], [3], [], [2, 3, 2]];
const STEPS = 20;

function ran(step: (typeof LOOP_STEPS)[string]): Float32Array[] {
  const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer({numSteps: STEPS});
  for (let i = 0; i < STEPS; i++) step(optimizer, () => bowl.loss(i), bowl.variables);
  expect(optimizer.iterations).to.equal(STEPS);
  const values = bowl.values();
  optimizer.dispose();
  bowl.dispose();
  return values;
}

describe('the entry points', () => {
  forEachBackend(BACKENDS, () => {
    it('fit, fitDataset and trainOnBatch train alike, bit for bit', async () => {
      const results: Float32Array[][] = [];
      for (const entry of LAYERS_ENTRY_POINTS) {
        const optimizer = learnedOptimizer({numSteps: STEPS}), training = entry.start(mlp, optimizer);
        await training.run(STEPS);
        expect(optimizer.iterations, entry.title).to.equal(STEPS);
        results.push(weightsOf(training.model));
        training.dispose();
        optimizer.dispose();
      }
      for (const result of results.slice(1)) expectSame(result, results[0]!);
    });

    it('minimize, with and without varList, and computeGradients with applyGradients, by map and by list, agree bit for bit', () => {
      const [first, ...others] = Object.values(LOOP_STEPS).map(ran);
      for (const other of others) expectSame(other, first!);
    });

    it('applyGradients alone agrees by map and by list, and steps otherwise than with the loss', () => {
      const [map, list] = Object.values(LOSSLESS_STEPS).map(ran);
      expectSame(list!, map!);
      expectDifferent(map!, ran(LOOP_STEPS.minimize!));
    });

    it('applyGradients alone trains, without the loss', () => {
      const bowl = new Bowl(SHAPES), before = bowl.lossValue(), optimizer = learnedOptimizer({numSteps: 100});
      for (let i = 0; i < 100; i++) apply(optimizer, bowl, i);
      expect(bowl.lossValue()).to.be.lessThan(0.5 * before);
      optimizer.dispose();
      bowl.dispose();
    });

    it('an exception in the loss function changes nothing, and leaves no loss behind for a later step', () => {
      const fail = (): tf.Scalar => {
        throw new Error('out of data');
      };
      const values = [false, true].map(interrupted => {
        const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer();
        minimize(optimizer, bowl, 0, 5);
        if (interrupted) {
          // A loss that is computed but never stepped on must not be taken for that of the failed step.
          tf.dispose(optimizer.computeGradients(() => tf.mul(bowl.loss(), 1000)));
          expect(() => optimizer.minimize(fail, false, bowl.variables)).to.throw('out of data');
        }
        apply(optimizer, bowl, 5);
        minimize(optimizer, bowl, 6, 10);
        expect(optimizer.iterations).to.equal(10);
        const result = bowl.values();
        optimizer.dispose();
        bowl.dispose();
        return result;
      });
      expectSame(values[1]!, values[0]!);
    });

    it('a step whose gradients are refused leaves no loss behind for a later step', () => {
      const values = [false, true].map(refused => {
        const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer();
        minimize(optimizer, bowl, 0, 5);
        if (refused) {
          const {value, grads} = optimizer.computeGradients(() => tf.mul(bowl.loss(), 1000));
          expect(() => optimizer.applyGradients({nobody: value})).to.throw().with.property('code', 'INVALID_ARGUMENT');
          tf.dispose([value, grads] as tf.TensorContainer);
        }
        apply(optimizer, bowl, 5);
        const result = bowl.values();
        optimizer.dispose();
        bowl.dispose();
        return result;
      });
      expectSame(values[1]!, values[0]!);
    });
  });

  it('minimize returns the cost where it is asked for, and else nothing', () => {
    const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer(), before = bowl.lossValue();
    const cost = optimizer.minimize(() => bowl.loss(), true);
    expect(cost!.dataSync()[0]).to.equal(before);
    expect(optimizer.minimize(() => bowl.loss())).to.equal(null);
    cost!.dispose();
    optimizer.dispose();
    bowl.dispose();
  });
});
