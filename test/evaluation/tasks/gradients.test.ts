import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {attentionNetwork} from '../../../src/evaluation/tasks/attention-network.js';
import {lassoOnData, polynomialFamily, powerLawQuadraticFamily} from '../../../src/evaluation/tasks/ill-conditioned.js';
import {matrixFactorisationFamily} from '../../../src/evaluation/tasks/matrix-factorisation.js';
import {networkFamily, type NetworkMaker} from '../../../src/evaluation/tasks/network-family.js';
import {denseNetwork, recurrentNetwork, residualNetwork} from '../../../src/evaluation/tasks/networks.js';
import {tiedEmbeddingNetwork} from '../../../src/evaluation/tasks/tied-embedding.js';
import {variationalAutoencoderFamily} from '../../../src/evaluation/tasks/variational-autoencoder.js';
import {registerWasmTrainingKernels} from '../../../src/kernel/wasm-training.js';
import {Random} from '../../../src/random.js';
import type {LabelledData} from '../../../src/tasks/digits.js';
import type {DataSplits, TargetData} from '../../../src/tasks/families/shared/supervised-task.js';
import type {TaskFamily} from '../../../src/tasks/task-family.js';
import {forEachBackend} from '../../support/backends.js';
import {disposeBatch, expectTrueGradients, nextBatch} from '../../support/task-checks.js';

const NUM_EXAMPLES = 10, NUM_FEATURES = 12, NUM_CLASSES = 3;

function labelled(random: Random): DataSplits<LabelledData> {
  const part = (): LabelledData => ({
    features: Float32Array.from({length: NUM_EXAMPLES * NUM_FEATURES}, () => random.uniform()),
    labels: Int32Array.from({length: NUM_EXAMPLES}, () => random.integer(NUM_CLASSES)),
    numExamples: NUM_EXAMPLES, numFeatures: NUM_FEATURES, numClasses: NUM_CLASSES,
  });
  return {train: part(), validation: part()};
}

function targets(random: Random, numExamples = NUM_EXAMPLES): TargetData {
  return {features: random.normals(numExamples * 4), targets: random.normals(numExamples), numExamples, numFeatures: 4, numOutputs: 1};
}

const classifier = (name: string, network: NetworkMaker, batchSize: number | 'full' = 4): TaskFamily =>
  networkFamily({name, data: labelled, network, loss: 'softmaxCrossEntropy', batchSize});

/** Small tasks of every family and network that only suites have. */
const FAMILIES: readonly TaskFamily[] = [
  classifier('gelu', denseNetwork([5, 4], 'gelu')),
  classifier('tanh, full batch', denseNetwork([5], 'tanh'), 'full'),
  classifier('residual', residualNetwork({width: 5, numBlocks: 2, activation: 'gelu'})),
  classifier('attention', attentionNetwork({featuresPerToken: 4, width: 6, numHeads: 2})),
  classifier('tied embedding', tiedEmbeddingNetwork(5)),
  ...(['gru', 'lstm'] as const).map(cell => classifier(cell, recurrentNetwork({cell, units: 4, featuresPerStep: 3}))),
  variationalAutoencoderFamily({data: labelled(new Random(1)), hidden: 5, codeSize: 2, batchSize: 4}),
  matrixFactorisationFamily({numRows: 6, numColumns: 5, rank: 2, known: 0.8, noise: 0.1, batchSize: 40}),
  powerLawQuadraticFamily({dimension: 4, power: 1}),
  polynomialFamily({degree: 3, numPoints: 12, noise: 0.1}),
  lassoOnData({train: targets(new Random(2), 12), validation: targets(new Random(3))}, 0.01),
];

describe('the gradients of the families that only suites have', () => {
  forEachBackend(['cpu', 'wasm'], backend => {
    if (backend === 'wasm') before(() => void registerWasmTrainingKernels());
    for (const family of FAMILIES) {
      it(`agree with finite differences: ${family.name}`, () => {
        const before = tf.memory().numTensors;
        for (let seed = 0; seed < 2; seed++) {
          const task = family.sample(new Random(seed));
          expectTrueGradients(task, 1e-2, 0.03);
          task.dispose?.();
        }
        expect(tf.memory().numTensors).to.equal(before);
      });
    }
  });
});

describe('a network on the whole of its data', () => {
  forEachBackend(['cpu', 'wasm'], () => {
    it('has all examples in each batch, with their classes', () => {
      const data = labelled(new Random(4));
      const task = networkFamily({name: 'full', data, network: denseNetwork([], 'tanh'), loss: 'softmaxCrossEntropy', batchSize: 'full'}).sample(new Random(1));
      const batch = nextBatch(task.batches('validation')), {validation} = data;
      expect(Float32Array.from(batch.features.dataSync())).to.deep.equal(validation.features);
      const classes = batch.targets.arraySync();
      expect(classes.map(row => row.indexOf(1))).to.deep.equal([...validation.labels]);
      expect(classes.flat().reduce((a, b) => a + b, 0)).to.equal(NUM_EXAMPLES);
      disposeBatch(batch);
    });
  });
});

describe('lassoOnData', () => {
  it('is half the mean squared error of each part, from zero', () => {
    const data = {train: targets(new Random(5), 9), validation: targets(new Random(6), 5)}, task = lassoOnData(data, 0.5).sample(new Random(1));
    for (const split of ['train', 'validation'] as const) {
      const loss = tf.tidy(() => task.loss({x: tf.zeros([4])}, split).dataSync()[0]);
      expect(loss).to.be.closeTo(data[split].targets.reduce((sum, y) => sum + y * y, 0) / (2 * data[split].numExamples), 1e-6);
    }
    task.dispose?.();
  });
});

describe('the variational autoencoder', () => {
  it('costs what its definition says where code and image say nothing', () => {
    const data = labelled(new Random(7)), task = variationalAutoencoderFamily({data, hidden: 3, codeSize: 2, batchSize: 4}).sample(new Random(1));
    const start = task.init(), batch = nextBatch(task.batches('train'));
    const loss = tf.tidy(() => task.loss(Object.fromEntries(Object.entries(start).map(([name, p]) => [name, tf.zerosLike(p)])), batch).dataSync()[0]);
    // A code like the prior costs nothing, and each pixel at one half ln 2.
    expect(loss).to.be.closeTo(NUM_FEATURES * Math.LN2, 1e-4);
    tf.dispose(start);
    disposeBatch(batch);
  });
});

describe('matrix factorisation', () => {
  it('gives no gradient to rows that a batch does not touch', () => {
    const task = matrixFactorisationFamily({numRows: 30, numColumns: 30, rank: 2, known: 0.5, noise: 0, batchSize: 3}).sample(new Random(1));
    const params = task.init(), batch = nextBatch(task.batches('train'));
    const touched = new Set(batch.rows.dataSync());
    const gradient = tf.tidy(() => tf.grad(rows => task.loss({...params, rows}, batch))(params.rows!).arraySync()) as number[][];
    gradient.forEach((row, i) => expect(row.some(x => x !== 0)).to.equal(touched.has(i)));
    tf.dispose(params);
    disposeBatch(batch);
  });
});
