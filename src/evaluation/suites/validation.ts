/**
 * The suite by which theta, recipe and ablations are chosen: as broad as `unseen`, and without any pair of data and architecture
 * class that is there.
 */
import {Random} from '../../random.js';
import {loadDigits} from '../../tasks/digits.js';
import {ackleyFamily} from '../../tasks/families/ackley.js';
import {autoencoderFamily} from '../../tasks/families/autoencoder.js';
import {convNetFamily} from '../../tasks/families/conv-net.js';
import {lassoFamily} from '../../tasks/families/lasso.js';
import {logisticRegressionFamily} from '../../tasks/families/logistic-regression.js';
import {mlpClassificationFamily} from '../../tasks/families/mlp-classification.js';
import {mlpRegressionFamily} from '../../tasks/families/mlp-regression.js';
import {quadraticFamily} from '../../tasks/families/quadratic.js';
import {recurrentNetFamily} from '../../tasks/families/recurrent-net.js';
import {loadIris} from '../../tasks/tabular.js';
import type {Suite, SuiteTask} from '../suite.js';
import {networkFamily} from '../tasks/network-family.js';
import {recurrentNetwork, residualNetwork} from '../tasks/networks.js';
import {sampleSpirals, withWrongLabels} from '../tasks/point-data.js';
import {NUM_SYMBOLS, sampleParity, sampleText} from '../tasks/sequence-data.js';
import {tiedEmbeddingNetwork} from '../tasks/tied-embedding.js';
import {prepareBackend} from './backend.js';

const initialization = 'glorotUniform', loss = 'softmaxCrossEntropy';
const NOISE_SEED = 42;

function digitTasks(): SuiteTask[] {
  const digits = loadDigits(), wrong = withWrongLabels(digits, new Random(NOISE_SEED), 0.3), mlp = {dataset: 'digits', architecture: 'mlp', loss} as const;
  return [
    {
      ...mlp, name: 'digits 64-400-400-10', steps: 400,
      family: mlpClassificationFamily({data: digits, depth: 2, width: 400, activation: 'relu', initialization, batchSize: 32}),
    },
    {
      ...mlp, name: 'digits, five layers of 48, tanh', steps: 1000,
      family: mlpClassificationFamily({data: digits, depth: 5, width: 48, activation: 'tanh', initialization, batchSize: 64}),
    },
    {
      ...mlp, name: 'digits 64-64-10, sigmoid, batch 8', steps: 1000, trainBatches: 32, validationBatches: 32,
      family: mlpClassificationFamily({data: digits, depth: 1, width: 64, activation: 'sigmoid', initialization, batchSize: 8}),
    },
    {
      ...mlp, name: 'digits 64-100-10, 30 % wrong labels', steps: 1000,
      family: mlpClassificationFamily({data: wrong, depth: 1, width: 100, activation: 'relu', initialization, batchSize: 32}),
    },
    {
      dataset: 'digits', architecture: 'autoencoder', loss: 'meanSquaredError', name: 'digits autoencoder 64-32-6-32-64', steps: 1000,
      family: autoencoderFamily({data: digits, depth: 1, width: 32, codeSize: 6, activation: 'elu', initialization, batchSize: 32}),
    },
    {
      dataset: 'digits', architecture: 'conv', loss, name: 'digits conv 12-12', steps: 300,
      family: convNetFamily({
        data: digits, depth: 2, channels: 12, activation: 'relu', downsampling: 'averagePool', head: 'flatten', initialization: 'heNormal', batchSize: 32,
      }),
    },
    {
      dataset: 'digits', architecture: 'gru', loss, name: 'digits row by row, GRU', steps: 400,
      family: recurrentNetFamily({data: digits, cell: 'gru', units: 24, initialization, batchSize: 32}),
    },
  ];
}

function networkTasks(): SuiteTask[] {
  return [
    {
      dataset: 'iris', architecture: 'mlp', loss, name: 'iris 4-16-3', steps: 500,
      family: mlpClassificationFamily({data: loadIris(), depth: 1, width: 16, activation: 'tanh', initialization, batchSize: 32}),
    },
    {
      dataset: 'spirals', architecture: 'mlp', loss, name: 'three spirals 2-32-32-3', steps: 2000,
      family: {
        name: 'spirals',
        sample: random => mlpClassificationFamily({
          data: sampleSpirals(random.fork('data'), 3), depth: 2, width: 32, activation: 'tanh', initialization, batchSize: 64,
        }).sample(random),
      },
    },
    {
      name: 'two spirals, residual blocks with gelu, full batch', steps: 300, trainBatches: 1, validationBatches: 1,
      dataset: 'spirals', architecture: 'residual', loss,
      family: networkFamily({
        name: 'residual', data: random => sampleSpirals(random, 2),
        network: residualNetwork({width: 24, numBlocks: 2, activation: 'gelu'}), loss, batchSize: 'full',
      }),
    },
    {
      dataset: 'teacher', architecture: 'mlp', loss: 'absoluteDifference', name: 'teacher 20-40-1, absolute error', steps: 1000,
      family: mlpRegressionFamily({
        numFeatures: 20, numOutputs: 1, numExamples: 600, noise: 0.5, depth: 1, width: 40,
        activation: 'leakyRelu', initialization, loss: 'absoluteDifference', batchSize: 64,
      }),
    },
    {
      dataset: 'teacher', architecture: 'mlp', loss: 'meanSquaredError', name: 'teacher 10-16-2, 10,000 steps', steps: 10_000,
      family: mlpRegressionFamily({numFeatures: 10, numOutputs: 2, numExamples: 500, depth: 1, width: 16, activation: 'tanh', initialization, batchSize: 32}),
    },
    {
      dataset: 'parity', architecture: 'lstm', loss, name: 'parity of 6 signs, LSTM', steps: 500,
      family: networkFamily({
        name: 'lstm', data: random => sampleParity(random, 6), network: recurrentNetwork({cell: 'lstm', units: 24, featuresPerStep: 1}), loss, batchSize: 32,
      }),
    },
    {
      dataset: 'text', architecture: 'tied embedding', loss, name: 'next letter, tied embedding', steps: 400,
      family: networkFamily({
        name: 'tied embedding', data: random => sampleText(random, 6), network: tiedEmbeddingNetwork(NUM_SYMBOLS), loss, batchSize: 32,
      }),
    },
  ];
}

function functionTasks(): SuiteTask[] {
  const whole = {trainBatches: 1, validationBatches: 1} as const;
  return [
    {
      dataset: 'random spectrum', architecture: 'quadratic', loss: 'function', name: 'quadratic in 40 dimensions, condition 1e4', steps: 1000, ...whole,
      family: quadraticFamily({dimension: 40, conditionNumber: 1e4}),
    },
    {
      dataset: 'gaussian', architecture: 'logistic regression', loss: 'sigmoidCrossEntropy', name: 'logistic regression, condition 1e3', steps: 1000,
      family: logisticRegressionFamily({numFeatures: 30, numExamples: 500, conditionNumber: 1e3, separation: 5, batchSize: 32}),
    },
    {
      dataset: 'sparse equations', architecture: 'lasso', loss: 'half squared error + l1', name: 'lasso 40×80', steps: 500, ...whole,
      family: lassoFamily({rows: 40, dimension: 80, l1: 0.01}),
    },
    {
      dataset: 'ackley', architecture: 'ackley', loss: 'function', name: 'Ackley in 10 dimensions, near its minimum', steps: 500, ...whole,
      family: ackleyFamily({dimension: 10, startRadius: 0.5}),
    },
  ];
}

/** The suite. */
export function validationSuite(): Suite {
  return {name: 'validation', tasks: [...digitTasks(), ...networkTasks(), ...functionTasks()]};
}

/** For workers, which load the suite by its address. */
export {validationSuite as default, prepareBackend as setup};
