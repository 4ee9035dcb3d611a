import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {L2OError} from '../../../src/errors.js';
import {Random} from '../../../src/random.js';
import {RolloutEngine} from '../../../src/rollout/engine.js';
import {compiledFormOf} from '../../../src/tasks/compiled-problem.js';
import {taskGradients} from '../../../src/tasks/augment/task-gradients.js';
import {loadDigits} from '../../../src/tasks/digits.js';
import {autoencoderFamily, autoencoderSettings, sampleAutoencoder} from '../../../src/tasks/families/autoencoder.js';
import {convNetFamily, convNetSettings, sampleConvNet} from '../../../src/tasks/families/conv-net.js';
import {mlpClassificationFamily, mlpClassificationSettings, sampleMlpClassification} from '../../../src/tasks/families/mlp-classification.js';
import {mlpRegressionFamily, mlpRegressionSettings, sampleMlpRegression} from '../../../src/tasks/families/mlp-regression.js';
import {recurrentNetFamily, recurrentNetSettings, sampleRecurrentNet} from '../../../src/tasks/families/recurrent-net.js';
import {batchRows} from '../../../src/tasks/families/shared/minibatches.js';
import {denseTask} from '../../../src/tasks/families/shared/dense-task.js';
import type {Task, TaskFamily} from '../../../src/tasks/task-family.js';
import {loadFashionMnist} from '../../../src/tasks/fashion-mnist.js';
import {disposeBatch, lossesAt, nextBatch} from '../../support/task-checks.js';

const digits = loadDigits();

/** Mean loss of the first validation batches before and after steps of gradient descent. */
function descend<B>(task: Task<B>, numSteps: number, rate: number): {before: number; after: number} {
  const mean = (params: tf.NamedTensorMap): number => lossesAt(task, params, 'validation', 8).reduce((sum, loss) => sum + loss / 8, 0);
  const batches = task.batches('train');
  let params = task.init();
  const before = mean(params);
  for (let step = 0; step < numSteps; step++) {
    const batch = nextBatch(batches), {loss, gradients} = taskGradients(task, params, batch, step), old = params;
    params = tf.tidy(() => Object.fromEntries(Object.entries(old).map(([name, p]) => [name, tf.sub(p, tf.mul(rate, gradients[name]!))])));
    tf.dispose([loss, gradients, old]);
    disposeBatch(batch);
  }
  const after = mean(params);
  tf.dispose(params);
  task.dispose?.();
  return {before, after};
}

describe('the families of networks', () => {
  it('draw every choice and the whole range of each option', () => {
    const settings = mlpClassificationSettings({depth: [0, 2], width: [3, 5], batchSize: [1, 3], numClasses: [2, 4], numExamples: 10,
      loss: ['softmaxCrossEntropy', 'meanSquaredError'], activation: ['relu', 'tanh']});
    const problems = Array.from({length: 150}, (_, seed) => sampleMlpClassification(new Random(seed), settings));
    const seen = (of: (problem: (typeof problems)[number]) => unknown): unknown[] => [...new Set(problems.map(of))].sort();
    expect(seen(p => p.sizes.length)).to.deep.equal([2, 3, 4]);
    expect(seen(p => p.batchSize)).to.deep.equal([1, 2, 3]);
    expect(seen(p => p.numOutputs)).to.deep.equal([2, 3, 4]);
    expect(seen(p => p.loss)).to.deep.equal(['meanSquaredError', 'softmaxCrossEntropy']);
    expect(seen(p => p.activation)).to.deep.equal(['relu', 'tanh']);
    expect([...new Set(problems.flatMap(p => p.sizes.slice(1, -1)))].sort()).to.deep.equal([3, 4, 5]);
    const initialised = mlpClassificationSettings({depth: 1, width: 40, numExamples: 10, initialization: ['glorotUniform', 'heNormal']});
    const kernels = Array.from({length: 30}, (_, seed) => sampleMlpClassification(new Random(seed), initialised)).map(({sizes, parameters: [kernel]}) => Math.max(...kernel!.values.map(Math.abs)) <= Math.sqrt(6 / (sizes[0]! + sizes[1]!)));
    expect(new Set(kernels), 'uniform within Glorot’s bound, and normal beyond it').to.deep.equal(new Set([true, false]));
  });

  it('start kernels with the deviation of their initialisation, biases at 0', () => {
    for (const [initialization, variance] of [['glorotUniform', 2 / 300], ['heNormal', 2 / 100], ['lecunNormal', 1 / 100]] as const) {
      const settings = mlpRegressionSettings({initialization, depth: 1, width: 200, numFeatures: 100, numExamples: 2});
      const [kernel, bias] = sampleMlpRegression(new Random(0), settings).parameters;
      expect(kernel!.shape).to.deep.equal([100, 200]);
      expect(kernel!.values.reduce((sum, x) => sum + x * x, 0) / 20000 / variance).to.be.closeTo(1, 0.05);
      expect(bias!.values.every(x => x === 0)).to.be.true;
    }
  });

  it('start recurrent kernels orthogonal and the forget gate of an LSTM at 1', () => {
    const {parameters, units} = sampleRecurrentNet(new Random(0), recurrentNetSettings({cell: 'lstm', units: 6}));
    const [, recurrent, bias] = parameters;
    for (let block = 0; block < 4; block++) {
      for (let i = 0; i < units; i++) {
        for (let j = 0; j < units; j++) {
          let product = 0;
          for (let k = 0; k < units; k++) product += recurrent!.values[(i * 4 + block) * units + k]! * recurrent!.values[(j * 4 + block) * units + k]!;
          expect(product).to.be.closeTo(Number(i === j), 1e-5);
        }
      }
    }
    expect([...bias!.values].map((value, i) => value === Number(i >= units && i < 2 * units))).to.not.include(false);
  });

  it('use the real digits, with validation images of their own', () => {
    const task = mlpClassificationFamily({data: digits, depth: 1, batchSize: 16}).sample(new Random(0));
    const images = (split: 'train' | 'validation'): Set<string> => new Set(Array.from({length: digits[split].numExamples},
      (_, i) => digits[split].features.slice(i * 64, i * 64 + 64).join()));
    for (const split of ['train', 'validation'] as const) {
      const batch = nextBatch(task.batches(split)), values = batch.features.dataSync();
      for (let i = 0; i < 16; i++) expect(images(split).has(values.slice(i * 64, i * 64 + 64).join())).to.be.true;
      expect([...tf.tidy(() => tf.sum(batch.targets, 1).dataSync())]).to.deep.equal(new Array(16).fill(1));
      disposeBatch(batch);
    }
  });

  it('use at most numExamples of given data', () => {
    const {data} = sampleMlpClassification(new Random(0), mlpClassificationSettings({data: digits, numExamples: 50}));
    expect(data.train.numExamples).to.equal(50);
    expect(data.validation).to.equal(digits.validation);
  });

  it('have data that can be learned: gradient descent on train lowers the loss on validation', () => {
    const families: [TaskFamily, number, number][] = [
      [mlpClassificationFamily({data: 'clusters', activation: 'relu', depth: 1, batchSize: 64, numExamples: 500, numFeatures: 10}), 0.2, 0.8],
      [mlpClassificationFamily({data: 'teacher', activation: 'relu', depth: 1, batchSize: 64, numExamples: 500, numFeatures: 10}), 0.2, 0.9],
      [mlpRegressionFamily({activation: 'tanh', depth: 1, batchSize: 64, numExamples: 1000, numFeatures: 5}), 0.1, 0.8],
      [autoencoderFamily({data: digits, activation: 'relu', depth: 0, batchSize: 64, loss: 'sigmoidCrossEntropy'}), 1, 0.8],
      [convNetFamily({activation: 'relu', depth: 1, downsampling: 'stride', head: 'flatten', batchSize: 32, numClasses: 3}), 0.1, 0.8],
      [recurrentNetFamily({cell: 'gru', units: 16, batchSize: 32, sequenceLength: 8, numClasses: 2}), 0.5, 0.8],
    ];
    for (const [family, rate, factor] of families) {
      const {before, after} = descend(family.sample(new Random(3)), 80, rate);
      expect(after / before, family.name).to.be.below(factor);
    }
  });

  it('see the batches and losses of the compiled engine', () => {
    const settings = mlpClassificationSettings({data: 'clusters', activation: 'tanh', depth: 1, batchSize: 8, numExamples: 60});
    const problem = sampleMlpClassification(new Random(4), settings);
    const engine = RolloutEngine.create(), loaded = engine.load(compiledFormOf(denseTask(problem))!());
    const rollout = engine.start(loaded, {rule: 'sgd', learningRate: 0, horizon: 0, hasLoss: true});
    const compiled = new Float32Array(5), task = denseTask(problem), params = task.init();
    expect(rollout.run(5, compiled)).to.equal(5);
    lossesAt(task, params, 'train', 5).forEach((loss, i) => expect(loss).to.be.closeTo(compiled[i]!, 1e-5 * loss));
    tf.dispose(params);
  });

  it('pad no image and read every pixel: shapes follow the data', () => {
    const conv = sampleConvNet(new Random(1), convNetSettings({data: digits, depth: 2, channels: 3, head: 'flatten'}));
    expect(conv.parameters.map(({shape}) => shape)).to.deep.equal([[3, 3, 1, 3], [3], [3, 3, 3, 3], [3], [12, 10], [10]]);
    const auto = sampleAutoencoder(new Random(1), autoencoderSettings({data: digits, depth: 1, width: 20, codeSize: 4}));
    expect(auto.sizes).to.deep.equal([64, 20, 4, 20, 64]);
    const recurrent = sampleRecurrentNet(new Random(1), recurrentNetSettings({data: digits}));
    expect([recurrent.numSteps, recurrent.featuresPerStep]).to.deep.equal([8, 8]);
  });

  it('take Fashion-MNIST (skipped where Debian\'s package dataset-fashion-mnist is not installed)', function () {
    let fashion: ReturnType<typeof loadFashionMnist>;
    try {
      fashion = loadFashionMnist({sizes: {train: 40, validation: 20, test: 1}});
    } catch (error) {
      if (error instanceof L2OError && error.code === 'DATA_MISSING') return this.skip();
      throw error;
    }
    const conv = sampleConvNet(new Random(1), convNetSettings({data: fashion, depth: 1, channels: 2}));
    expect(conv.side).to.equal(28);
    const task = mlpClassificationFamily({data: fashion, width: 4, batchSize: 4}).sample(new Random(0)), params = task.init();
    expect(lossesAt(task, params, 'train', 1)[0]).to.satisfy(Number.isFinite);
    tf.dispose(params);
  });

  it('name the option that is wrong', () => {
    const half = {...digits.train, features: digits.train.features.map(x => x - 0.5)};
    const oblong = {features: new Float32Array(20), labels: new Int32Array(1), numExamples: 1, numFeatures: 20, numClasses: 2};
    const wrong: [(options: object) => unknown, object, string][] = [
      [mlpClassificationFamily, {data: 'moons'}, 'data'], [mlpClassificationFamily, {data: []}, 'data'], [mlpClassificationFamily, {data: {train: digits.train}}, 'data'],
      [mlpClassificationFamily, {data: {train: {...digits.train, labels: new Int32Array(1197).fill(10)}, validation: digits.validation}}, 'data'],
      [mlpClassificationFamily, {numExamples: 1}, 'numExamples'], [mlpClassificationFamily, {numFeatures: 0}, 'numFeatures'],
      [mlpClassificationFamily, {numClasses: 1}, 'numClasses'], [mlpClassificationFamily, {loss: 'hinge'}, 'loss'], [mlpClassificationFamily, {depth: -1}, 'depth'],
      [mlpClassificationFamily, {width: 0}, 'width'], [mlpClassificationFamily, {activation: 'swish'}, 'activation'], [mlpClassificationFamily, {activation: []}, 'activation'],
      [mlpClassificationFamily, {initialization: 'zeros'}, 'initialization'], [mlpClassificationFamily, {batchSize: [1, 2, 3]}, 'batchSize'],
      [mlpRegressionFamily, {data: digits}, 'data'], [mlpRegressionFamily, {numOutputs: 0}, 'numOutputs'], [mlpRegressionFamily, {noise: -1}, 'noise'],
      [mlpRegressionFamily, {loss: 'softmaxCrossEntropy'}, 'loss'], [mlpRegressionFamily, {numExamples: '9'}, 'numExamples'],
      [autoencoderFamily, {codeSize: 0}, 'codeSize'], [autoencoderFamily, {data: {train: half, validation: half}, loss: 'sigmoidCrossEntropy'}, 'data'],
      [convNetFamily, {side: 3}, 'side'], [convNetFamily, {depth: 3}, 'depth'], [convNetFamily, {channels: 0}, 'channels'], [convNetFamily, {downsampling: 'none'}, 'downsampling'],
      [convNetFamily, {head: 'max'}, 'head'], [convNetFamily, {data: {train: oblong, validation: oblong}}, 'data'],
      [recurrentNetFamily, {cell: 'rnn'}, 'cell'], [recurrentNetFamily, {units: 0}, 'units'], [recurrentNetFamily, {sequenceLength: 1}, 'sequenceLength'],
      [recurrentNetFamily, {data: {train: oblong, validation: oblong}}, 'data'],
    ];
    for (const [factory, options, name] of wrong) {
      expect(() => factory(options), JSON.stringify(Object.keys(options))).to.throw(`${factory.name}: ${name} must be`).with.property('code', 'INVALID_ARGUMENT');
    }
    for (const factory of [mlpClassificationFamily, mlpRegressionFamily, autoencoderFamily, convNetFamily, recurrentNetFamily]) {
      expect(() => factory({batchsize: 3} as object)).to.throw("Did you mean 'batchSize'?").with.property('code', 'UNKNOWN_OPTION');
    }
  });
});

describe('batchRows', () => {
  it('draws rows of the data by seed and step alone, all about as often', () => {
    expect(batchRows(7, 3, 5, 100)).to.deep.equal(batchRows(7, 3, 5, 100));
    expect(batchRows(7, 4, 5, 100)).to.not.deep.equal(batchRows(7, 3, 5, 100));
    expect(batchRows(8, 3, 5, 100)).to.not.deep.equal(batchRows(7, 3, 5, 100));
    const counts = new Array<number>(10).fill(0);
    for (let step = 0; step < 1000; step++) for (const row of batchRows(1, step, 10, 10)) counts[row]!++;
    expect(Math.min(...counts)).to.be.above(850);
    expect(Math.max(...counts)).to.be.below(1150);
  });
});
