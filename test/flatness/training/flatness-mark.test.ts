import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {createRequire} from 'node:module';
import {L2OError} from '../../../src/errors.js';
import {FlatnessRegularizer} from '../../../src/flatness/flatness-regularizer.js';
import {adoptBase} from '../../../src/flatness/training/adopt-base.js';
import {adoptRegularizers, FlatnessMark} from '../../../src/flatness/training/flatness-mark.js';
import {register} from '../../../src/index.js';
import {Random} from '../../../src/random.js';
import {failure} from '../../support/failure.js';

const require = createRequire(import.meta.url);
const {layers, loadLayersModel, sequential} = tfl;

const numbers = (size: number, seed: number): number[] => Array.from(new Random(seed).normals(size, 0.5));
const x = (): tf.Tensor2D => tf.tensor2d(numbers(24, 1), [8, 3]), y = (): tf.Tensor2D => tf.tensor2d(numbers(16, 2), [8, 2]);

function makeModel(first?: FlatnessMark, second?: FlatnessMark): tfl.Sequential {
  const marked = (mark: FlatnessMark | undefined): object => (mark === undefined ? {} : {kernelRegularizer: mark});
  const model = sequential({layers: [layers.dense({units: 4, activation: 'tanh', inputShape: [3], ...marked(first)}), layers.dense({units: 2, ...marked(second)})]});
  model.setWeights(model.getWeights().map((w, i) => tf.tensor(numbers(w.size, i), w.shape)));
  model.compile({optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError'});
  return model;
}

/** What one step does to each weight. */
async function step(model: tfl.LayersModel, flat?: FlatnessRegularizer): Promise<number[][]> {
  const before = model.getWeights().map(w => w.dataSync().slice());
  await model.fit(x(), y(), {epochs: 1, batchSize: 8, shuffle: false, verbose: 0, ...(flat !== undefined && {callbacks: flat})});
  return model.getWeights().map((w, i) => Array.from(w.dataSync(), (value, k) => value - before[i]![k]!));
}

const flatness = (strength = 1): FlatnessRegularizer => new FlatnessRegularizer({measure: 'sharpness', strength, radius: 0.3, scaling: 'plain'});
const subtract = (a: number[][], b: number[][]): number[][] => a.map((row, i) => row.map((value, k) => value - b[i]![k]!));

describe('a mark of forLayer', () => {
  it('restricts the penalty to the weights that bear it', async () => {
    const flat = flatness(), effect = subtract(await step(makeModel(undefined, flat.forLayer()), flat), await step(makeModel()));
    expect(effect.map(row => row.some(value => value !== 0))).to.deep.equal([false, false, true, false]);
  });

  it('has a strength of its own, or else that of the regularizer', async () => {
    const plain = await step(makeModel()), effectOf = async (strength: number, own?: number): Promise<number[]> => {
      const flat = flatness(strength);
      return subtract(await step(makeModel(flat.forLayer(own)), flat), plain)[0]!;
    };
    const once = await effectOf(1), twice = await effectOf(2), own = await effectOf(0, 2);
    twice.forEach((value, i) => expect(value).to.be.closeTo(2 * once[i]!, 1e-6));
    expect(own).to.deep.equal(twice);
  });

  for (const [name, make] of Object.entries({lstm: layers.lstm, gru: layers.gru, simpleRNN: layers.simpleRNN})) {
    it(`is found in the cell of ${name}, whose regularizers TF.js never applies, and in a wrapper`, async () => {
      const run = async (flat?: FlatnessRegularizer): Promise<number[][]> => {
        const marked = flat === undefined ? {} : {recurrentRegularizer: flat.forLayer()};
        const cell = (options: object): tfl.RNN => (make as (args: object) => tfl.RNN)({units: 2, recurrentInitializer: 'zeros', ...marked, ...options});
        const model = sequential({layers: [layers.bidirectional({layer: cell({returnSequences: true}), mergeMode: 'concat', inputShape: [4, 3]}), cell({})]});
        model.setWeights(model.getWeights().map((w, i) => tf.tensor(numbers(w.size, i), w.shape)));
        model.compile({optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError'});
        await model.fit(tf.tensor3d(numbers(96, 1), [8, 4, 3]), y(), {epochs: 1, batchSize: 8, shuffle: false, verbose: 0, ...(flat !== undefined && {callbacks: flat})});
        return model.getWeights().map(w => Array.from(w.dataSync()));
      };
      const effect = subtract(await run(flatness()), await run());
      // Kernel, recurrent kernel and bias, forward, backward, and of the last layer.
      expect(effect.map(row => row.some(value => value !== 0))).to.deep.equal([false, true, false, false, true, false, false, true, false]);
    });
  }

  it('adds nothing to the loss', () => {
    const scalars = {marked: makeModel(flatness().forLayer()).evaluate(x(), y()) as tf.Scalar, plain: makeModel().evaluate(x(), y()) as tf.Scalar};
    expect(scalars.marked.dataSync()[0]).to.equal(scalars.plain.dataSync()[0]);
  });

  it('survives model.save, strength included', async () => {
    const flat = flatness(), model = makeModel(flat.forLayer(), flat.forLayer(3));
    let artifacts: tf.io.ModelArtifacts | undefined;
    await model.save(tf.io.withSaveHandler(saved => {
      artifacts = saved;
      return Promise.resolve({modelArtifactsInfo: {dateSaved: new Date(), modelTopologyType: 'JSON'}});
    }));
    const reloaded = await loadLayersModel(tf.io.fromMemory(artifacts!));
    reloaded.compile({optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError'});
    expect(await step(reloaded, flatness())).to.deep.equal(await step(model, flat));
  });

  it('that no layer bears is an error, before anything changes', async () => {
    const flat = flatness(), model = makeModel(), before = model.getWeights().map(w => Array.from(w.dataSync()));
    flat.forLayer();
    expect(await failure(step(model, flat))).to.be.instanceOf(L2OError).with.property('message').that.includes('forLayer()');
    expect(model.getWeights().map(w => Array.from(w.dataSync()))).to.deep.equal(before);
  });

  it('on a frozen layer alone is an error', async () => {
    const flat = flatness(), model = makeModel(flat.forLayer());
    model.layers[0]!.trainable = false;
    model.compile({optimizer: 'sgd', loss: 'meanSquaredError'});
    expect(await failure(step(model, flat))).to.be.instanceOf(L2OError).with.property('message').that.includes('not frozen');
  });

  for (const strength of [-1, NaN, '1']) {
    it(`refuses the strength ${strength}`, () => {
      expect(() => flatness().forLayer(strength as number)).to.throw(L2OError, 'strength');
    });
  }
});

describe('register', () => {
  // A copy registers its layers under the same names in the one map of the core: later tests would load models of that copy.
  const {classNameMap} = tf.serialization.SerializationMap.getMap(), classes = {...classNameMap};
  after(() => {
    Object.assign(classNameMap, classes);
    adoptBase(FlatnessRegularizer, tfl.Callback);
    adoptRegularizers(tfl);
  });

  it('makes fit and layers of another copy of tfjs-layers take regularizer and marks', async () => {
    // The browser bundle beside what Node loads: two copies.
    const other = require('@tensorflow/tfjs-layers/dist/tf-layers.js') as typeof tfl, flat = flatness();
    expect(other.Callback).to.not.equal(tfl.Callback);
    register({serialization: tf.serialization, Callback: other.Callback, regularizers: other.regularizers});
    expect(flat).to.be.instanceOf(other.Callback);
    const mark = flat.forLayer(), model = other.sequential({layers: [other.layers.dense({name: 'of_another_copy', units: 2, inputShape: [3], kernelRegularizer: mark})]});
    expect((model.layers[0] as unknown as {kernelRegularizer: unknown}).kernelRegularizer).to.equal(mark);
    model.compile({optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError'});
    const {history} = await model.fit(x(), y(), {epochs: 1, verbose: 0, callbacks: flat});
    expect(history.flatness![0]).to.be.greaterThan(0);
    expect(new FlatnessMark().getConfig()).to.deep.equal({strength: null});
  });
});
