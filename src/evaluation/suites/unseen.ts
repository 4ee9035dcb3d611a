/**
 * The suite that judges the shipped theta, and by which nothing is ever chosen. No recipe has a task of the same data and
 * architecture class.
 */
import {mlpClassificationFamily} from '../../tasks/families/mlp-classification.js';
import {mlpRegressionFamily} from '../../tasks/families/mlp-regression.js';
import {rosenbrockFamily} from '../../tasks/families/rosenbrock.js';
import {loadBreastCancer, loadDiabetes, loadWine} from '../../tasks/tabular.js';
import type {Suite, SuiteTask} from '../suite.js';
import {attentionNetwork} from '../tasks/attention-network.js';
import {lassoOnData, polynomialFamily, powerLawQuadraticFamily} from '../tasks/ill-conditioned.js';
import {matrixFactorisationFamily} from '../tasks/matrix-factorisation.js';
import {networkFamily} from '../tasks/network-family.js';
import {denseNetwork, recurrentNetwork} from '../tasks/networks.js';
import {sampleFriedman} from '../tasks/point-data.js';
import {NUM_SYMBOLS, sampleAdding, sampleRecall, sampleText} from '../tasks/sequence-data.js';
import {prepareBackend} from './backend.js';
import {fashionTasks} from './fashion-tasks.js';

const initialization = 'glorotUniform', softmaxCrossEntropy = 'softmaxCrossEntropy', meanSquaredError = 'meanSquaredError';

function tabularTasks(): SuiteTask[] {
  const wine = loadWine(), cancer = loadBreastCancer(), diabetes = loadDiabetes();
  return [
    {
      dataset: 'wine', architecture: 'mlp', loss: softmaxCrossEntropy, name: 'wine 13-32-3, full batch', steps: 500, trainBatches: 1, validationBatches: 1,
      family: networkFamily({name: 'mlp on wine', data: wine, network: denseNetwork([32], 'tanh'), loss: softmaxCrossEntropy, batchSize: 'full'}),
    },
    {
      dataset: 'wine', architecture: 'mlp', loss: softmaxCrossEntropy, name: 'wine 13-24-24-24-3, sigmoid', steps: 1000,
      family: mlpClassificationFamily({data: wine, depth: 3, width: 24, activation: 'sigmoid', initialization, batchSize: 32}),
    },
    {
      dataset: 'breast cancer', architecture: 'mlp', loss: softmaxCrossEntropy, name: 'breast cancer 30-64-2, tanh', steps: 1000,
      family: mlpClassificationFamily({data: cancer, depth: 1, width: 64, activation: 'tanh', initialization, batchSize: 32}),
    },
    {
      name: 'breast cancer 30-16-16-2, batch 8', steps: 2000, trainBatches: 32, validationBatches: 20,
      dataset: 'breast cancer', architecture: 'mlp', loss: 'sigmoidCrossEntropy',
      family: mlpClassificationFamily({data: cancer, depth: 2, width: 16, activation: 'relu', initialization, loss: 'sigmoidCrossEntropy', batchSize: 8}),
    },
    {
      dataset: 'diabetes', architecture: 'mlp', loss: meanSquaredError, name: 'diabetes 10-16-1', steps: 1000,
      family: mlpRegressionFamily({data: diabetes, depth: 1, width: 16, activation: 'relu', initialization, batchSize: 32}),
    },
    {
      name: 'diabetes lasso, full batch', steps: 500, trainBatches: 1, validationBatches: 1,
      dataset: 'diabetes', architecture: 'lasso', loss: 'half squared error + l1',
      family: lassoOnData(diabetes, 0.02),
    },
    {
      dataset: 'friedman', architecture: 'mlp', loss: 'huberLoss', name: 'friedman 10-48-48-1, outliers', steps: 1000,
      family: {
        name: 'friedman with outliers',
        sample: random => mlpRegressionFamily({
          data: sampleFriedman(random.fork('data'), {share: 0.1, deviation: 10}), depth: 2,
          width: 48, activation: 'softplus', initialization, loss: 'huberLoss', batchSize: 64,
        }).sample(random),
      },
    },
  ];
}

function sequenceTasks(): SuiteTask[] {
  return [
    {
      dataset: 'adding', architecture: 'gru', loss: meanSquaredError, name: 'adding problem of 16 steps, GRU', steps: 500,
      family: networkFamily({
        name: 'gru', data: random => sampleAdding(random, 16),
        network: recurrentNetwork({cell: 'gru', units: 24, featuresPerStep: 2}), loss: meanSquaredError, batchSize: 32,
      }),
    },
    {
      dataset: 'text', architecture: 'lstm', loss: softmaxCrossEntropy, name: 'next letter of a small grammar, LSTM', steps: 500,
      family: networkFamily({
        name: 'lstm', data: random => sampleText(random, 12), network: recurrentNetwork({cell: 'lstm', units: 32, featuresPerStep: NUM_SYMBOLS}),
        loss: softmaxCrossEntropy, batchSize: 32,
      }),
    },
    {
      dataset: 'recall', architecture: 'attention', loss: softmaxCrossEntropy, name: 'associative recall, attention', steps: 500,
      family: networkFamily({
        name: 'attention', data: random => sampleRecall(random, {numKinds: 8, numPairs: 5}),
        network: attentionNetwork({featuresPerToken: 16, width: 32, numHeads: 2}), loss: softmaxCrossEntropy, batchSize: 32,
      }),
    },
  ];
}

function functionTasks(): SuiteTask[] {
  const whole = {trainBatches: 1, validationBatches: 1} as const;
  return [
    {
      dataset: 'low-rank matrix', architecture: 'matrix factorisation', loss: 'half squared error', name: 'matrix 80×60 of rank 4', steps: 2000,
      family: matrixFactorisationFamily({numRows: 80, numColumns: 60, rank: 4, known: 0.6, noise: 0.1, batchSize: 128}),
    },
    {
      dataset: 'rosenbrock', architecture: 'rosenbrock', loss: 'function', name: 'Rosenbrock in 2 dimensions', steps: 1000, ...whole,
      family: rosenbrockFamily({dimension: 2}),
    },
    {
      dataset: 'rosenbrock', architecture: 'rosenbrock', loss: 'function', name: 'Rosenbrock in 20 dimensions, 10,000 steps', steps: 10_000, ...whole,
      family: rosenbrockFamily({dimension: 20, startRadius: 1}),
    },
    {
      dataset: 'power-law spectrum', architecture: 'quadratic', loss: 'function', name: 'quadratic in 100 dimensions, condition 1e6', steps: 2000, ...whole,
      family: powerLawQuadraticFamily({dimension: 100, power: 3}),
    },
    {
      dataset: 'polynomial', architecture: 'least squares', loss: 'half squared error', name: 'polynomial of degree 9', steps: 2000, ...whole,
      family: polynomialFamily({degree: 9, numPoints: 60, noise: 0.02}),
    },
  ];
}

/**
 * The suite. Where Fashion-MNIST is missing, its tasks are listed as skipped with the reason.
 * @param fashionFolder Of its files. Default: that of Debian's package.
 */
export function unseenSuite(fashionFolder?: string): Suite {
  const {tasks, skipped} = fashionTasks(fashionFolder);
  return {name: 'unseen', tasks: [...tasks, ...tabularTasks(), ...sequenceTasks(), ...functionTasks()], skipped};
}

/** For workers, which load the suite by its address. */
export {unseenSuite as default, prepareBackend as setup};
