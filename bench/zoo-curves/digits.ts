/** The networks of bench/zoo-curves.ts on the 8×8 digits; by default the one that is meta-trained on, as a module for workers. */
import {loadDigits} from '../../src/tasks/digits.js';
import {mlpClassificationFamily} from '../../src/tasks/families/mlp-classification.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';

const data = loadDigits();

function network(activation: 'sigmoid' | 'relu', depth: number): TaskFamily {
  return mlpClassificationFamily({data, depth, width: 20, activation, initialization: 'glorotUniform', batchSize: 128});
}

/** As in "Training Stronger Baselines for Learning to Optimize": one hidden layer of sigmoids, of relus, and two of sigmoids. */
export const NETWORKS = {'MLP-orig': network('sigmoid', 1), 'MLP-ReLU': network('relu', 1), 'MLP-deeper': network('sigmoid', 2)} as const;

export default NETWORKS['MLP-orig'];
