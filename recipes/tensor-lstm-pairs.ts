import type {TaskPair} from '../src/evaluation/suites/pairs.js';

/** Data of the dense networks of `sampleMlpTask`, with hidden layers or without. */
const DENSE_DATASETS = ['digits', 'projected digits', 'clusters', 'teacher', 'regression', 'linear regression', 'parity', 'waves', 'board'] as const;

/** Data and architecture class of every task that the recipe can draw: none of them is in the suite `unseen`. */
export const PAIRS: readonly TaskPair[] = [
  ...DENSE_DATASETS.flatMap(dataset => (['mlp', 'linear'] as const).map(architecture => ({dataset, architecture}))),
  {dataset: 'random spectrum', architecture: 'quadratic'},
  {dataset: 'sparse equations', architecture: 'lasso'},
  {dataset: 'gaussian', architecture: 'logistic regression'},
  ...['rastrigin', 'ackley', 'griewank'].map(name => ({dataset: name, architecture: name})),
  {dataset: 'manifold', architecture: 'autoencoder'},
  {dataset: 'digits', architecture: 'autoencoder'},
  ...['patterns', 'digits'].map(dataset => ({dataset, architecture: 'conv'})),
  ...['sines', 'digits'].flatMap(dataset => ['simple recurrent', 'gru', 'lstm'].map(architecture => ({dataset, architecture}))),
];
