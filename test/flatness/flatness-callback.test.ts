import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {FlatnessRegularizer} from '../../src/flatness/flatness-regularizer.js';
import {failure} from '../support/failure.js';
import {atBatchEnd, makeData, makeModel, seeded, SHARP, weightsOf} from './regularized-model.js';

describe('FlatnessRegularizer', () => {
  describe('as callback', () => {
    it('works with fitDataset', async () => {
      const {x, y} = makeData(), model = makeModel(tf.train.adam(0.01));
      let left = 3;
      const dataset = {iterator: () => Promise.resolve({next: () => Promise.resolve(left-- > 0 ? {done: false, value: {xs: x.clone(), ys: y.clone()}} : {done: true, value: null})})};
      const {history} = await model.fitDataset(dataset as unknown as Parameters<LayersModel['fitDataset']>[0], {epochs: 1, verbose: 0, callbacks: new FlatnessRegularizer(SHARP)});
      expect(history.flatness).to.have.lengthOf(1);
      expect(history.flatness![0]).to.be.greaterThan(0);
    });

    it('logs each regularized step and the epoch\'s mean, after warmup and every second step', async () => {
      const {x, y} = makeData(), model = makeModel(tf.train.adam(0.01)), seen: unknown[] = [];
      const flat = new FlatnessRegularizer({...SHARP, warmup: 4, every: 2});
      const {history} = await model.fit(x, y, {epochs: 3, batchSize: 8, verbose: 0, callbacks: [flat, atBatchEnd((_, logs) => void seen.push(logs.flatness))]});
      expect(seen.map(value => typeof value)).to.deep.equal(['undefined', 'undefined', 'undefined', 'undefined', 'number', 'undefined', 'number', 'undefined', 'number']);
      expect(history.flatness![0]).to.be.NaN;
      expect(history.flatness![1]).to.equal(seen[4]);
      expect(history.flatness![2]).to.be.closeTo((Number(seen[6]) + Number(seen[8])) / 2, 1e-9);
    });

    it('counts steps on in a second fit of the same model', async () => {
      const {x, y} = makeData(), model = makeModel(tf.train.adam(0.01)), flat = new FlatnessRegularizer({...SHARP, warmup: 3});
      const fit = async (): Promise<number> => (await model.fit(x, y, {epochs: 1, batchSize: 8, verbose: 0, callbacks: flat})).history.flatness![0] as number;
      expect(await fit()).to.be.NaN;
      expect(await fit()).to.be.greaterThan(0);
    });

    it('restores the optimizer at the end, and where fit is stopped', async () => {
      const {x, y} = makeData(), optimizer = tf.train.adam(0.01), model = makeModel(optimizer);
      await model.fit(x, y, {epochs: 1, verbose: 0, callbacks: new FlatnessRegularizer(SHARP)});
      expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(false);
      await model.fit(x, y, {epochs: 5, batchSize: 8, verbose: 0, callbacks: [new FlatnessRegularizer(SHARP), atBatchEnd((_batch, _logs, trained) => { trained.stopTraining = true; })]});
      expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(false);
    });

    it('leaves weights, bit for bit, where fit is stopped', async () => {
      // So weak a penalty changes no weight: what is left of its passes would show.
      const stopped = async (flat?: FlatnessRegularizer): Promise<number[][]> => {
        const {x, y} = makeData(), model = makeModel(tf.train.adam(0.01)), stop = atBatchEnd((batch, _logs, trained) => { trained.stopTraining = batch === 1; });
        await seeded(() => model.fit(x, y, {epochs: 3, batchSize: 8, verbose: 0, callbacks: flat === undefined ? [stop] : [flat, stop]}));
        return weightsOf(model);
      };
      expect(await stopped(new FlatnessRegularizer({measure: 'localEntropy', strength: 1e-30}))).to.deep.equal(await stopped());
    });

    it('restores the optimizer by itself at the next use after a fit that threw', async () => {
      const {x, y} = makeData(), optimizer = tf.train.sgd(0.1), model = makeModel(optimizer), flat = new FlatnessRegularizer(SHARP);
      const broken = (): Promise<unknown> => model.fit(x, y, {epochs: 1, batchSize: 8, verbose: 0, callbacks: [flat, atBatchEnd(() => { throw new Error('mine'); })]});
      expect(await failure(broken())).to.have.property('message', 'mine');
      expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(true);
      await model.trainOnBatch(x, y);
      expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(false);
      // Nor does a fit that was not meant to be regularized find it.
      await failure(broken());
      const report = flat.lastReport;
      await model.fit(x, y, {epochs: 1, batchSize: 8, verbose: 0});
      expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(false);
      expect(flat.lastReport).to.equal(report);
      await failure(broken());
      const {history} = await model.fit(x, y, {epochs: 1, batchSize: 8, verbose: 0, callbacks: flat});
      expect(history.flatness![0]).to.be.greaterThan(0);
      expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(false);
    });

    it('regularizes on where a layer was frozen after the model was compiled, as TF.js trains on', async () => {
      const run = async (flat?: FlatnessRegularizer): Promise<{weights: number[][]; flatness: unknown}> => {
        const {x, y} = makeData(), model = makeModel(tf.train.sgd(0.1));
        model.layers[0]!.trainable = false;
        const {history} = await seeded(() => model.fit(x, y, {epochs: 1, batchSize: 8, verbose: 0, ...(flat !== undefined && {callbacks: flat})}));
        return {weights: weightsOf(model), flatness: history.flatness?.[0]};
      };
      const plain = await run(), regularized = await run(new FlatnessRegularizer(SHARP));
      expect(regularized.flatness).to.be.above(0);
      expect(regularized.weights).to.not.deep.equal(plain.weights);
    });

    it('logs nothing of an earlier fit', async () => {
      const {x, y} = makeData(), flat = new FlatnessRegularizer({...SHARP, warmup: 3}), seen: unknown[] = [];
      await makeModel(tf.train.sgd(0.1)).fit(x, y, {epochs: 2, batchSize: 8, verbose: 0, callbacks: flat});
      await makeModel(tf.train.sgd(0.1)).fit(x, y, {epochs: 1, batchSize: 8, verbose: 0, callbacks: [flat, atBatchEnd((_, logs) => void seen.push(logs.flatness))]});
      expect(seen).to.deep.equal([undefined, undefined, undefined]);
    });

    it('cannot be part of two fits at once; the first goes on', async () => {
      const {x, y} = makeData(), first = makeModel(tf.train.adam(0.01)), second = makeModel(tf.train.adam(0.01)), flat = new FlatnessRegularizer(SHARP);
      let error: unknown;
      const {history} = await first.fit(x, y, {epochs: 2, batchSize: 8, verbose: 0, callbacks: [flat, atBatchEnd(async batch => {
        if (batch === 1) error ??= await failure(second.fit(x, y, {epochs: 1, verbose: 0, callbacks: flat}));
      })]});
      expect(error).to.be.instanceOf(L2OError).with.property('message').that.includes('one fit at a time');
      expect(history.flatness!.every(value => Number(value) > 0)).to.equal(true);
      expect(await failure(first.fit(x, y, {epochs: 1, verbose: 0, callbacks: [flat, flat]}))).to.be.instanceOf(L2OError);
    });

    it('refuses an optimizer that is wrapped already', async () => {
      const {x, y} = makeData(), flat = new FlatnessRegularizer(SHARP), optimizer = flat.wrap(tf.train.adam()), model = makeModel(optimizer);
      expect(await failure(model.fit(x, y, {epochs: 1, verbose: 0, callbacks: flat}))).to.be.instanceOf(L2OError).with.property('message').that.includes('not regularized yet');
      flat.unwrap(optimizer);
      await model.fit(x, y, {epochs: 1, verbose: 0, callbacks: flat});
    });

    it('lets the optimizer be used for other variables meanwhile', async () => {
      const {x, y} = makeData(), optimizer = tf.train.sgd(0.1), model = makeModel(optimizer), w = tf.variable(tf.scalar(1));
      await model.fit(x, y, {epochs: 1, batchSize: 8, verbose: 0, callbacks: [new FlatnessRegularizer(SHARP), atBatchEnd(() => void optimizer.minimize(() => tf.square(w), false, [w]))]});
      expect(w.dataSync()[0]).to.be.closeTo(0.8 ** 3, 1e-6);
      w.dispose();
    });

    it('refuses a model that is not compiled, and a stateful one', async () => {
      const flat = new FlatnessRegularizer(SHARP);
      flat.setModel(sequential({layers: [layers.dense({units: 1, inputShape: [1]})]}));
      expect(await failure(flat.onTrainBegin())).to.be.instanceOf(L2OError).with.property('message').that.includes('compiled');
      const model = sequential({layers: [layers.simpleRNN({units: 2, stateful: true, batchInputShape: [4, 3, 1], recurrentInitializer: 'glorotNormal'})]});
      model.compile({optimizer: 'sgd', loss: 'meanSquaredError'});
      const x = tf.ones([4, 3, 1]), y = tf.ones([4, 2]);
      expect(await failure(model.fit(x, y, {batchSize: 4, verbose: 0, callbacks: flat}))).to.be.instanceOf(L2OError).with.property('message').that.includes('stateful');
    });

    it('says so where TF.js takes it for a plain object', async () => {
      const {x, y} = makeData(), model = makeModel(tf.train.adam());
      expect(await failure(model.fit(x, y, {verbose: 0, callbacks: [{}, new FlatnessRegularizer(SHARP)] as never}))).to.be.instanceOf(L2OError).with.property('code', 'ENVIRONMENT');
    });
  });
});
