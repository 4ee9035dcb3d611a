import type {Suite} from '../../src/evaluation/suite.js';
import {logisticRegressionFamily} from '../../src/tasks/families/logistic-regression.js';
import {mlpClassificationFamily} from '../../src/tasks/families/mlp-classification.js';
import {quadraticFamily} from '../../src/tasks/families/quadratic.js';

/** Three tasks that take few steps. */
const suite: Suite = {
  name: 'toy',
  tasks: [
    {
      name: 'bowl', dataset: 'none', architecture: 'quadratic', loss: 'quadratic', steps: 40, trainBatches: 1, validationBatches: 1,
      family: quadraticFamily({dimension: 4, conditionNumber: 10}),
    },
    {
      name: 'logistic', dataset: 'clusters', architecture: 'linear', loss: 'sigmoidCrossEntropy', steps: 24, trainBatches: 2, validationBatches: 2,
      family: logisticRegressionFamily({numExamples: 40, numFeatures: 4, batchSize: 8}),
    },
    {
      name: 'network', dataset: 'clusters', architecture: 'mlp', loss: 'softmaxCrossEntropy', steps: 20, trainBatches: 2, validationBatches: 2,
      family: mlpClassificationFamily({data: 'clusters', numExamples: 60, numFeatures: 4, numClasses: 3, depth: 1, width: 6, batchSize: 8}),
    },
  ],
};
export default suite;
