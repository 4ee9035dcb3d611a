import * as tf from '@tensorflow/tfjs-core';
import {input, layers, metrics, model as functional, regularizers, sequential, type LayersModel, type SymbolicTensor} from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {disableHigherOrderGradients, enableHigherOrderGradients} from '../../src/flatness/higher-order-gradients.js';
import {measureFlatness, type FlatnessMeasurement} from '../../src/flatness/measure-flatness.js';
import type {MeasureFlatnessOptions} from '../../src/flatness/measure-flatness-options.js';
import {modelProbe} from '../../src/flatness/model-probe.js';
import {Neighbourhood} from '../../src/flatness/neighbourhood.js';
import {estimateSpectralDensity} from '../../src/flatness/spectral-density.js';
import {symmetricEigenvalues} from '../../src/flatness/symmetric-eigen.js';
import {learnedOptimizer} from '../../src/optimizer/learned-optimizer.js';
import {Random} from '../../src/random.js';
import {forEachBackend} from '../support/backends.js';
import {networkProbe, quadraticProbe} from './probes.js';

type Layer = Parameters<ReturnType<typeof sequential>['add']>[0];
const QUICK: MeasureFlatnessOptions = {samples: 8, spectrum: {probes: 1, iterations: 3}, landscape: {points: 3}};

function compiled(all: Layer[], loss = 'categoricalCrossentropy', optimizer: string | tf.Optimizer = 'sgd'): LayersModel {
  const model = sequential({layers: all}), random = new Random(2);
  model.setWeights(model.getWeights().map(w => tf.tensor(random.normals(w.size, 0.5).map(v => (w.rank === 1 ? Math.abs(v) + 0.1 : v)), w.shape)));
  model.compile({optimizer, loss});
  return model;
}

function data(numExamples = 12): {x: tf.Tensor2D; y: tf.Tensor2D} {
  const random = new Random(7), labels = Array.from({length: numExamples}, () => random.integer(3));
  return {x: tf.tensor2d(random.normals(numExamples * 4), [numExamples, 4]), y: oneHot(labels)};
}

/** Not by tf.oneHot, whose float32 result is made of integers on wasm. */
function oneHot(labels: readonly number[]): tf.Tensor2D {
  return tf.tensor2d(labels.flatMap(label => [0, 1, 2].map(c => Number(c === label))), [labels.length, 3]);
}

const plain = (): LayersModel => compiled([layers.dense({units: 5, activation: 'tanh', inputShape: [4]}), layers.dense({units: 3, activation: 'softmax'})]);
const withEverything = (optimizer: string | tf.Optimizer = 'sgd'): LayersModel => compiled([
  layers.dense({units: 6, activation: 'relu', inputShape: [4], kernelRegularizer: regularizers.l2({l2: 0.01})}), layers.batchNormalization(), layers.dropout({rate: 0.5}),
  layers.dense({units: 3, activation: 'softmax'}),
], 'categoricalCrossentropy', optimizer);

describe('measureFlatness', () => {
  let x: tf.Tensor2D, y: tf.Tensor2D;
  beforeEach(() => ({x, y} = data()));
  afterEach(() => tf.dispose([x, y]));

  forEachBackend(['cpu', 'wasm', 'node'], () => {
    it('reports every measure as plain numbers, the same for the same seed, and leaves no tensor behind', async () => {
      const model = plain(), {numTensors} = tf.memory(), report = await measureFlatness(model, x, y, QUICK);
      expect(report.loss).to.be.closeTo((model.evaluate(x, y, {batchSize: 12}) as tf.Scalar).dataSync()[0]!, 1e-5);
      for (const name of ['localEntropy', 'hessianTrace', 'hessianNorm', 'frobeniusNorm', 'worstSharpness', 'meanSharpness'] as const) {
        expect(Number.isFinite(report[name].value), name).to.equal(true);
        expect(report[name].value, name).to.not.equal(0);
        if (name !== 'worstSharpness') expect(report[name].standardError, name).to.be.at.least(0);
      }
      expect(report).to.include({numParameters: 43, numExamples: 12, scaling: 'tensor', seed: 0});
      expect(report.landscape!.losses[1]![1]).to.be.closeTo(report.loss, 1e-6);
      expect(report.hessianNorm.value).to.be.closeTo(Math.max(-report.hessianNorm.smallestEigenvalue, report.hessianNorm.largestEigenvalue), 1e-9);
      expect(await measureFlatness(model, x, y, QUICK)).to.deep.equal(report);
      expect((await measureFlatness(model, x, y, {...QUICK, seed: 1})).localEntropy.value).to.not.equal(report.localEntropy.value);
      expect(tf.memory().numTensors - 1).to.equal(numTensors); // the loss of evaluate
      model.dispose();
    });

    it('leaves weights, averages of batch normalisation and optimizer as they are, to the bit, also where it throws', async () => {
      const optimizer = learnedOptimizer({numSteps: 10}), model = withEverything(optimizer);
      await model.fit(x, y, {epochs: 2, verbose: 0});
      const state = async (): Promise<number[][]> => [
        ...model.getWeights().map(w => Array.from(w.dataSync())),
        ...(await optimizer.getWeights()).map(({tensor}) => Array.from(tensor.dataSync())),
      ];
      const before = await state(), reads = model.trainableWeights.map(weight => Object.keys(weight).length);
      await measureFlatness(model, x, y, QUICK);
      expect(await state()).to.deep.equal(before);
      const broken = tf.fill([12, 4], NaN);
      await measureFlatness(model, broken, y, QUICK).then(() => expect.fail(), (error: unknown) => expect(error).to.have.property('code', 'NON_FINITE'));
      await measureFlatness(model, x, tf.zeros([12, 7]), QUICK).then(() => expect.fail(), (error: unknown) => expect(error).to.be.an('error'));
      expect(await state()).to.deep.equal(before);
      expect(model.trainableWeights.map(weight => Object.keys(weight).length)).to.deep.equal(reads);
      await model.fit(x, y, {epochs: 1, verbose: 0});
      model.dispose();
    });
  });

  it('gives the same in batches as at once, dropout off', async () => {
    const model = withEverything(), [all, parts] = [await measureFlatness(model, x, y, QUICK), await measureFlatness(model, x, y, {...QUICK, batchSize: 5})];
    for (const name of ['localEntropy', 'hessianTrace', 'hessianNorm', 'frobeniusNorm', 'worstSharpness', 'meanSharpness'] as const) {
      expect(parts[name].value / all[name].value, name).to.be.closeTo(1, 0.02);
    }
    expect(parts.loss).to.be.closeTo(all.loss, 1e-6);
    model.dispose();
  });

  it('measures the same within 2 % where the layers of a relu net are rescaled, relative to tensors or filters, and not in plain form', async () => {
    const net = (): LayersModel => compiled([layers.dense({units: 8, activation: 'relu', inputShape: [4]}), layers.dense({units: 6, activation: 'relu'}), layers.dense({units: 3, activation: 'softmax'})]);
    const model = net(), other = net();
    // Kernels by these factors, biases by their product so far, which is 1 at the end: the same function.
    other.setWeights(other.getWeights().map((w, i) => tf.mul(w, [4, 4, 0.1, 0.4, 2.5, 1][i]!)));
    for (const scaling of ['tensor', 'filter', 'plain'] as const) {
      const options = {samples: 8, scaling, gamma: 25, radius: 0.1}, [here, there] = [await measureFlatness(model, x, y, options), await measureFlatness(other, x, y, options)];
      expect(there.loss).to.be.closeTo(here.loss, 1e-5);
      const changes = (['localEntropy', 'hessianTrace', 'hessianNorm', 'frobeniusNorm', 'worstSharpness', 'meanSharpness'] as const)
        .map(name => Math.abs(there[name].value / here[name].value - 1));
      if (scaling === 'plain') for (const change of changes) expect(change).to.be.above(0.2);
      else for (const change of changes) expect(change).to.be.at.most(0.02);
    }
  });

  it('takes the model\'s own loss, whatever it is: a name, a function, one for each output', async () => {
    for (const loss of ['meanSquaredError', 'meanAbsoluteError', 'kullbackLeiblerDivergence', (t: tf.Tensor, p: tf.Tensor): tf.Tensor => tf.losses.softmaxCrossEntropy(t, p)]) {
      const model = sequential({layers: [layers.dense({units: 3, activation: 'softmax', inputShape: [4]})]});
      model.compile({optimizer: 'sgd', loss});
      const {loss: found} = await measureFlatness(model, x, y, {...QUICK, spectrum: false, landscape: false});
      expect(found).to.be.closeTo((model.evaluate(x, y, {batchSize: 12}) as tf.Scalar).dataSync()[0]!, 1e-5);
      model.dispose();
    }
  });

  it('takes models with several inputs and outputs', async () => {
    const [a, b] = [input({shape: [4]}), input({shape: [4]})], joined = layers.concatenate().apply([a, b]) as SymbolicTensor;
    const outputs = ['one', 'two'].map(name => layers.dense({units: 3, activation: 'softmax', name}).apply(joined) as SymbolicTensor);
    const model = functional({inputs: [a, b], outputs});
    model.compile({optimizer: 'sgd', loss: {one: 'categoricalCrossentropy', two: 'meanSquaredError'}});
    const {loss} = await measureFlatness(model, [x, x], [y, y], {...QUICK, spectrum: false, landscape: false});
    const [one, two] = model.predict([x, x]) as tf.Tensor[];
    const expected = tf.tidy(() => tf.add(tf.mean(metrics.categoricalCrossentropy(y, one!)), tf.mean(metrics.meanSquaredError(y, two!))).dataSync()[0]!);
    expect(loss).to.be.closeTo(expected, 1e-5);
    const [left, right] = model.inputNames as [string, string], byName = await measureFlatness(model, {[right]: x, [left]: x}, {two: y, one: y}, {...QUICK, spectrum: false, landscape: false});
    expect(byName.loss).to.equal(loss);
    const error = await measureFlatness(model, {[left]: x, other: x}, {one: y, two: y}).then(() => undefined, (e: unknown) => e);
    expect(error).to.have.property('code', 'INVALID_ARGUMENT');
    tf.dispose([one!, two!]);
    model.dispose();
  });

  it('finds the Hessian of a tanh network of 300 parameters in float32', async () => {
    const network = networkProbe(11, {numExamples: 60}), eigenvalues = symmetricEigenvalues(network.hessian(), 300), at = network.parameters();
    const model = sequential({layers: [layers.dense({units: 27, activation: 'tanh', inputShape: [7]}), layers.dense({units: 3, activation: 'softmax'})]});
    let start = 0;
    model.setWeights(network.shapes.map(shape => tf.tensor(at.slice(start, start += shape.reduce((a, b) => a * b, 1)), [...shape])));
    model.compile({optimizer: 'sgd', loss: 'categoricalCrossentropy'});
    // The data of networkProbe: inputs, then labels, from one generator.
    const random = new Random(11), inputs = tf.tensor2d(random.normals(420), [60, 7]), targets = oneHot(Array.from({length: 60}, () => random.integer(3)));
    enableHigherOrderGradients();
    for (const hessian of ['differences', 'exact'] as const) {
      const report = await measureFlatness(model, inputs, targets, {scaling: 'plain', samples: 100, hessian, spectrum: false, landscape: false});
      const trace = eigenvalues.reduce((a, b) => a + b, 0);
      expect(report.loss).to.be.closeTo(network.loss(at), 1e-5);
      expect(Math.abs(report.hessianTrace.value - trace)).to.be.below(3 * report.hessianTrace.standardError);
      expect(report.hessianTrace.standardError).to.be.below(trace / 10);
      expect(report.hessianNorm.value / eigenvalues.at(-1)!).to.be.closeTo(1, 0.05);
      expect(report.frobeniusNorm.value / Math.sqrt(eigenvalues.reduce((sum, e) => sum + e * e, 0))).to.be.closeTo(1, 0.1);
    }
    disableHigherOrderGradients();
    tf.dispose([inputs, targets]);
    model.dispose();
  });

  it('tells how far it is, and yields in between', async () => {
    const model = plain(), done: number[] = [];
    let yielded = false;
    setTimeout(() => yielded = true, 0);
    await measureFlatness(model, x, y, {...QUICK, onProgress: ({stepsDone, stepsTotal}) => {
      done.push(stepsDone);
      expect(stepsTotal).to.equal(9);
    }});
    expect(done).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(yielded).to.equal(true);
    model.dispose();
  });

  it('reports what is wrong with the samples', async () => {
    const model = compiled([layers.dense({units: 1, inputShape: [4]})], 'meanSquaredError');
    const warnings = (report: FlatnessMeasurement): string[] => report.localEntropy.warnings.map(({code}) => code);
    const far = tf.tidy(() => tf.mul(x, 1e4)), targets = tf.zeros([12, 1]);
    expect(warnings(await measureFlatness(model, far, targets, QUICK))).to.include('LOW_EFFECTIVE_SAMPLE_SIZE');
    tf.dispose([far, targets]);
    model.dispose();
  });

  const wrong: readonly [string, MeasureFlatnessOptions | Record<string, unknown>, RegExp][] = [
    ['odd samples', {samples: 5}, /samples must be a multiple of 2/],
    ['too few samples', {samples: 2}, /samples must be an integer ≥ 4/],
    ['gamma 0', {gamma: 0}, /gamma/],
    ['a misspelt option', {sample: 4}, /Did you mean 'samples'/],
    ['an even landscape', {landscape: {points: 4}}, /landscape.points must be odd/],
    ['a misspelt entry', {spectrum: {probe: 4}}, /Did you mean 'probes'/],
    ['a batch of 0', {batchSize: 0}, /batchSize/],
    ['a radius of 0', {radius: 0}, /radius/],
    ['exact products without their gradients', {hessian: 'exact'}, /enableHigherOrderGradients/],
    ['a progress that is no function', {onProgress: 3}, /onProgress/],
  ];
  for (const [what, options, message] of wrong) {
    it(`rejects ${what}`, async () => {
      const model = plain(), {numTensors} = tf.memory();
      await measureFlatness(model, x, y, options).then(() => expect.fail(), (error: unknown) => expect((error as Error).message).to.match(message));
      expect(tf.memory().numTensors).to.equal(numTensors);
      model.dispose();
    });
  }

  it('rejects a model that is not compiled, stateful or frozen, and data that do not fit', async () => {
    const uncompiled = sequential({layers: [layers.dense({units: 3, inputShape: [4]})]}), frozen = plain();
    frozen.layers.forEach(layer => layer.trainable = false);
    const stateful = sequential({layers: [layers.simpleRNN({units: 3, stateful: true, batchInputShape: [12, 4, 1], recurrentInitializer: 'glorotNormal'})]});
    stateful.compile({optimizer: 'sgd', loss: 'meanSquaredError'});
    const fails = (model: LayersModel, inputs: tf.Tensor | tf.Tensor[], message: RegExp): Promise<unknown> =>
      measureFlatness(model, inputs, y).then(() => expect.fail(), (error: unknown) => expect((error as Error).message).to.match(message));
    await fails(uncompiled, x, /expected a compiled Layers model/);
    await fails(frozen, x, /trainable weights/);
    await fails(stateful, x, /stateful/);
    await fails(plain(), tf.zeros([5, 4]), /as many examples each, got \[5, 4\], \[12, 3\]/);
    await fails(plain(), [x, x], /expected 1 input tensor/);
    await fails(plain(), tf.zeros([0, 4]), /as many examples each/);
  });
});

describe('estimateSpectralDensity', () => {
  it('integrates to 1, and to the moments of the eigenvalues of a network', () => {
    const network = networkProbe(3), eigenvalues = Array.from(symmetricEigenvalues(network.hessian(), 300));
    const {eigenvalues: grid, density, standardErrors, probes} = estimateSpectralDensity(new Neighbourhood(network), new Random(1), {probes: 8, iterations: 40});
    const step = grid[1]! - grid[0]!;
    expect(density.reduce((sum, d) => sum + d * step, 0)).to.be.closeTo(1, 0.001);
    expect(standardErrors.every(e => e >= 0)).to.equal(true);
    const moment = (power: number): number => probes.reduce((sum, {values, weights}) => sum + values.reduce((s, v, i) => s + weights[i]! * v ** power, 0), 0) / probes.length;
    for (const power of [1, 2, 3]) {
      const truth = eigenvalues.reduce((sum, e) => sum + e ** power, 0) / 300;
      expect(moment(power) / truth, `moment ${power}`).to.be.closeTo(1, 0.25);
    }
    expect(grid[0]).to.be.below(eigenvalues[0]!);
    expect(grid.at(-1)).to.be.above(eigenvalues.at(-1)!);
    // The share near 0, and of the largest.
    const share = (low: number, high: number): number => grid.reduce((sum, at, i) => sum + (at >= low && at < high ? density[i]! * step : 0), 0);
    const largest = eigenvalues.at(-1)!, few = eigenvalues.filter(e => e > largest / 3).length / 300;
    expect(share(largest / 3, Infinity) / few).to.be.closeTo(1, 0.4);
  });

  it('stands still where all eigenvalues are the same', () => {
    const {eigenvalues, density} = estimateSpectralDensity(new Neighbourhood(quadraticProbe(Float64Array.from([2, 0, 0, 2]), [1, 1])), new Random(1), {probes: 2, iterations: 5});
    expect(eigenvalues[density.indexOf(Math.max(...density))]).to.be.closeTo(2, 0.01);
    expect(density.reduce((sum, d) => sum + d, 0) * (eigenvalues[1]! - eigenvalues[0]!)).to.be.closeTo(1, 0.01);
  });
});

describe('modelProbe', () => {
  it('has the gradient of its loss, weights without one included', () => {
    const model = plain(), {x, y} = data(), probe = modelProbe('test', model, x, y, {batchSize: 5, exact: false}), at = probe.parameters(), {gradient} = probe.gradient(at);
    const direction = new Random(3).normals(at.length), [plus, minus] = [1e-2, -1e-2].map(h => probe.loss(at.map((v, i) => v + h * direction[i]!)));
    expect((plus! - minus!) / 2e-2).to.be.closeTo(gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0), 2e-3);
    tf.dispose([x, y]);
    model.dispose();
  });
});
