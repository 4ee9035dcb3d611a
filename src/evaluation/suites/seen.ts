/** Fresh seeds of the families that the shipped theta is meta-trained on: what it does where it has been. */
import {loadDigits} from '../../tasks/digits.js';
import {ackleyFamily} from '../../tasks/families/ackley.js';
import {autoencoderFamily} from '../../tasks/families/autoencoder.js';
import {convNetFamily} from '../../tasks/families/conv-net.js';
import {griewankFamily} from '../../tasks/families/griewank.js';
import {lassoFamily} from '../../tasks/families/lasso.js';
import {logisticRegressionFamily} from '../../tasks/families/logistic-regression.js';
import {mlpClassificationFamily} from '../../tasks/families/mlp-classification.js';
import {mlpRegressionFamily} from '../../tasks/families/mlp-regression.js';
import {quadraticFamily} from '../../tasks/families/quadratic.js';
import {rastriginFamily} from '../../tasks/families/rastrigin.js';
import {recurrentNetFamily} from '../../tasks/families/recurrent-net.js';
import type {Suite, SuiteTask} from '../suite.js';
import {prepareBackend} from './backend.js';

const initialization = 'glorotUniform', loss = 'softmaxCrossEntropy';

function tasks(): SuiteTask[] {
  const digits = loadDigits(), whole = {trainBatches: 1, validationBatches: 1} as const;
  return [
    {
      dataset: 'digits', architecture: 'mlp', loss, name: 'digits 64-32-10', steps: 400,
      family: mlpClassificationFamily({data: digits, depth: 1, width: 32, activation: 'relu', initialization, batchSize: 64}),
    },
    {
      dataset: 'digits', architecture: 'mlp', loss, name: 'digits 64-40-40-10, tanh', steps: 1000,
      family: mlpClassificationFamily({data: digits, depth: 2, width: 40, activation: 'tanh', initialization, batchSize: 32}),
    },
    {
      dataset: 'digits', architecture: 'linear', loss, name: 'digits softmax regression', steps: 500,
      family: mlpClassificationFamily({data: digits, depth: 0, initialization, batchSize: 32}),
    },
    {
      dataset: 'clusters', architecture: 'mlp', loss, name: 'clusters 20-48-6', steps: 500,
      family: mlpClassificationFamily({
        data: 'clusters', numFeatures: 20, numClasses: 6, numExamples: 500, depth: 1, width: 48, activation: 'sigmoid', initialization, batchSize: 32,
      }),
    },
    {
      dataset: 'teacher', architecture: 'mlp', loss, name: 'teacher 24-32-32-5', steps: 1000,
      family: mlpClassificationFamily({
        data: 'teacher', numFeatures: 24, numClasses: 5, numExamples: 800, depth: 2, width: 32, activation: 'elu', initialization, batchSize: 64,
      }),
    },
    {
      dataset: 'teacher', architecture: 'mlp', loss: 'meanSquaredError', name: 'teacher 16-32-2, regression', steps: 1000,
      family: mlpRegressionFamily({
        numFeatures: 16, numOutputs: 2, numExamples: 600, depth: 1, width: 32, activation: 'softplus', initialization, batchSize: 32,
      }),
    },
    {
      dataset: 'manifold', architecture: 'autoencoder', loss: 'meanSquaredError', name: 'manifold autoencoder 32-24-4-24-32', steps: 1000,
      family: autoencoderFamily({numFeatures: 32, numExamples: 600, depth: 1, width: 24, codeSize: 4, activation: 'tanh', initialization, batchSize: 32}),
    },
    {
      dataset: 'gaussian', architecture: 'logistic regression', loss: 'sigmoidCrossEntropy', name: 'logistic regression, condition 30', steps: 500,
      family: logisticRegressionFamily({numFeatures: 20, numExamples: 400, conditionNumber: 30, separation: 3, batchSize: 32}),
    },
    {
      dataset: 'random spectrum', architecture: 'quadratic', loss: 'function', name: 'quadratic in 20 dimensions, condition 100', steps: 500, ...whole,
      family: quadraticFamily({dimension: 20, conditionNumber: 100}),
    },
    {
      dataset: 'sparse equations', architecture: 'lasso', loss: 'half squared error + l1', name: 'lasso 25×50', steps: 500, ...whole,
      family: lassoFamily({rows: 25, dimension: 50}),
    },
    {
      dataset: 'rastrigin', architecture: 'rastrigin', loss: 'function', name: 'Rastrigin in 10 dimensions', steps: 500, ...whole,
      family: rastriginFamily({dimension: 10}),
    },
    {
      dataset: 'griewank', architecture: 'griewank', loss: 'function', name: 'Griewank in 10 dimensions', steps: 500, ...whole,
      family: griewankFamily({dimension: 10, startRadius: 50}),
    },
    {
      dataset: 'ackley', architecture: 'ackley', loss: 'function', name: 'Ackley in 5 dimensions', steps: 500, ...whole,
      family: ackleyFamily({dimension: 5}),
    },
    {
      dataset: 'patterns', architecture: 'conv', loss, name: 'patterns, conv 8-8', steps: 400,
      family: convNetFamily({
        numExamples: 400, numClasses: 5, depth: 2, channels: 8, downsampling: 'maxPool', head: 'flatten', activation: 'relu', initialization, batchSize: 32,
      }),
    },
    ...([['simple', 'simple recurrent'], ['gru', 'GRU'], ['lstm', 'LSTM']] as const).map(([cell, title]): SuiteTask => ({
      dataset: 'sines', architecture: title.toLowerCase(), loss, name: `sines, ${title} 16`, steps: 400,
      family: recurrentNetFamily({cell, numExamples: 400, sequenceLength: 12, numClasses: 4, units: 16, initialization, batchSize: 32}),
    })),
  ];
}

/** The suite. */
export function seenSuite(): Suite {
  return {name: 'seen', tasks: tasks()};
}

/** For workers, which load the suite by its address. */
export {seenSuite as default, prepareBackend as setup};
