import * as tf from '@tensorflow/tfjs-core';
import {input, layers, model as functional, type SymbolicTensor} from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {FlatnessRegularizer} from '../../src/flatness/flatness-regularizer.js';
import type {FlatnessRegularizerOptions} from '../../src/flatness/flatness-regularizer-options.js';
import {failure} from '../support/failure.js';
import {makeData, makeModel, SHARP, weightsOf} from './regularized-model.js';

describe('FlatnessRegularizer', () => {
  describe('wrapped around an optimizer', () => {
    it('restores normalisation statistics also where it does not know the model', () => {
      const mean = tf.variable(tf.scalar(0), false), w = tf.variable(tf.scalar(1)), optimizer = new FlatnessRegularizer(SHARP).wrap(tf.train.sgd(0.01));
      optimizer.minimize(() => tf.tidy(() => {
        mean.assign(tf.add(mean, 1));
        return tf.square(w);
      }), false, [w]);
      expect(mean.dataSync()[0]).to.equal(1);
      tf.dispose([mean, w]);
    });

    it('gives all passes of a step the same random numbers', () => {
      const w = tf.variable(tf.scalar(1)), flat = new FlatnessRegularizer({...SHARP, radius: 0.5, scaling: 'plain'}), drawn: number[] = [];
      const draw = Object.getOwnPropertyDescriptor(Math, 'random')!;
      flat.wrap(tf.train.sgd(0.01)).minimize(() => {
        const value = (Object.getOwnPropertyDescriptor(Math, 'random')!.value as () => number)();
        drawn.push(value);
        return tf.mul(w, value);
      }, false, [w]);
      expect(drawn).to.have.lengthOf(2);
      expect(drawn[1]).to.equal(drawn[0]);
      expect(Object.getOwnPropertyDescriptor(Math, 'random')).to.deep.equal(draw);
      w.dispose();
    });

    it('asks for the model where trainOnBatch would return its metrics several times', async () => {
      const {x, y} = makeData(), model = makeModel(new FlatnessRegularizer(SHARP).wrap(tf.train.sgd(0.1))), before = weightsOf(model).slice(0, 4);
      expect(await failure(model.trainOnBatch(x, y))).to.be.instanceOf(L2OError).with.property('message').that.includes('wrap(optimizer, model)');
      expect(weightsOf(model).slice(0, 4)).to.deep.equal(before);
    });

    it('asks for the model where trainOnBatch would return the losses of several outputs several times', async () => {
      const inputs = input({shape: [3]}), outputs = [1, 2].map(units => layers.dense({units}).apply(inputs) as SymbolicTensor), model = functional({inputs, outputs});
      const optimizer = new FlatnessRegularizer(SHARP).wrap(tf.train.sgd(0.1)), targets = [tf.zeros([4, 1]), tf.zeros([4, 2])];
      model.compile({optimizer, loss: 'meanSquaredError'});
      expect(await failure(model.trainOnBatch(tf.ones([4, 3]), targets))).to.be.instanceOf(L2OError).with.property('message').that.includes('Pass the model');
      new FlatnessRegularizer(SHARP).unwrap(optimizer);
      const known = functional({inputs, outputs});
      known.compile({optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError'});
      new FlatnessRegularizer(SHARP).wrap(known.optimizer, known);
      expect(await known.trainOnBatch(tf.ones([4, 3]), targets)).to.have.lengthOf(3);
    });

    it('refuses what is no optimizer', () => {
      expect(() => new FlatnessRegularizer(SHARP).wrap(undefined as never)).to.throw(L2OError, 'wrap expects an optimizer');
    });

    it('minimizes over all variables where none are given', () => {
      const w = tf.variable(tf.scalar(1)), optimizer = new FlatnessRegularizer({...SHARP, radius: 0.5, scaling: 'plain'}).wrap(tf.train.sgd(0.01));
      optimizer.minimize(() => tf.square(w));
      expect(w.dataSync()[0]).to.be.closeTo(1 - 0.03, 1e-6);
      w.dispose();
    });
  });

  describe('where something fails', () => {
    /** The loss of w is not finite where `bad` says so. */
    const setUp = (options: FlatnessRegularizerOptions, bad: (w: number) => boolean): {w: tf.Variable<tf.Rank.R1>; flat: FlatnessRegularizer; step: () => void} => {
      const w = tf.variable(tf.tensor1d([1, -0.1])), flat = new FlatnessRegularizer(options), optimizer = flat.wrap(tf.train.sgd(0.01));
      return {w, flat, step: () => void optimizer.minimize(() => (bad(w.dataSync()[0]!) ? tf.mul(NaN, tf.sum<tf.Scalar>(w)) : tf.sum<tf.Scalar>(tf.square(w))), false, [w])};
    };

    it('drops and counts samples that are not finite', () => {
      let calls = 0;
      const {w, flat, step} = setUp({measure: 'localEntropy', strength: 1, samples: 8}, () => ++calls === 3);
      step();
      expect(flat.lastReport).to.include({numSamples: 8, numDropped: 1});
      expect(flat.lastReport!.value).to.be.greaterThan(0);
      expect(Array.from(w.dataSync()).every(Number.isFinite)).to.equal(true);
      w.dispose();
    });

    it('throws where all are dropped, with the weights as before, bit by bit', () => {
      const {w, step} = setUp({measure: 'localEntropy', strength: 1, samples: 4}, value => value !== 1), before = tf.memory().numTensors;
      expect(step).to.throw(L2OError, '4 of 4 not finite').with.property('code', 'NON_FINITE');
      expect(Array.from(w.dataSync())).to.deep.equal(Array.from(Float32Array.of(1, -0.1)));
      expect(tf.memory().numTensors).to.equal(before);
      w.dispose();
    });

    it('leaves a gradient that is not finite at the weights themselves to the optimizer', () => {
      const w = tf.variable(tf.scalar(0)), flat = new FlatnessRegularizer({measure: 'localEntropy', strength: 1}), optimizer = flat.wrap(tf.train.sgd(0.1));
      const {value, grads} = optimizer.computeGradients(() => tf.sqrt(tf.square(w)), [w]);
      expect(value.dataSync()[0]).to.equal(0);
      expect(grads[w.name]!.dataSync()[0]).to.be.NaN;
      expect(flat.lastReport).to.equal(undefined);
      tf.dispose([w, value, grads]);
    });

    it('leaves a loss that is not finite at the weights themselves to the optimizer', () => {
      const {w, flat, step} = setUp(SHARP, () => true);
      step();
      expect(flat.lastReport).to.equal(undefined);
      expect(w.dataSync()[0]).to.be.NaN;
      w.dispose();
    });

    it('restores the weights bit by bit where a pass throws', () => {
      const w = tf.variable(tf.tensor1d([1, -0.1])), optimizer = new FlatnessRegularizer({measure: 'hessianTrace', strength: 1}).wrap(tf.train.sgd(0.01)), before = tf.memory().numTensors;
      let calls = 0;
      expect(() => optimizer.minimize(() => {
        if (++calls === 3) throw new Error('mine');
        return tf.sum<tf.Scalar>(tf.square(w));
      }, false, [w])).to.throw('mine');
      expect(Array.from(w.dataSync())).to.deep.equal(Array.from(Float32Array.of(1, -0.1)));
      expect(tf.memory().numTensors).to.equal(before);
      w.dispose();
    });
  });
});
