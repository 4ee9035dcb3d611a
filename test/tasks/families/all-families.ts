import {loadDigits} from '../../../src/tasks/digits.js';
import {ackleyFamily} from '../../../src/tasks/families/ackley.js';
import {autoencoderFamily} from '../../../src/tasks/families/autoencoder.js';
import {convNetFamily} from '../../../src/tasks/families/conv-net.js';
import {griewankFamily} from '../../../src/tasks/families/griewank.js';
import {lassoFamily} from '../../../src/tasks/families/lasso.js';
import {logisticRegressionFamily} from '../../../src/tasks/families/logistic-regression.js';
import {mlpClassificationFamily} from '../../../src/tasks/families/mlp-classification.js';
import {mlpRegressionFamily} from '../../../src/tasks/families/mlp-regression.js';
import {quadraticFamily} from '../../../src/tasks/families/quadratic.js';
import {rastriginFamily} from '../../../src/tasks/families/rastrigin.js';
import {recurrentNetFamily} from '../../../src/tasks/families/recurrent-net.js';
import {rosenbrockFamily} from '../../../src/tasks/families/rosenbrock.js';
import {twoValleyFamily} from '../../../src/tasks/families/two-valley.js';
import type {TaskFamily} from '../../../src/tasks/task-family.js';

/** A family under a name of its own. */
function named(name: string, family: TaskFamily): TaskFamily {
  return {name, sample: random => family.sample(random)};
}

/** One row a family, with its defaults: new families are added here. */
export const DEFAULT_FAMILIES: readonly TaskFamily[] = [
  named('quadratic', quadraticFamily()),
  named('lasso', lassoFamily()),
  named('logistic regression', logisticRegressionFamily()),
  named('rosenbrock', rosenbrockFamily()),
  named('rastrigin', rastriginFamily()),
  named('ackley', ackleyFamily()),
  named('griewank', griewankFamily()),
  named('mlp classification', mlpClassificationFamily()),
  named('mlp regression', mlpRegressionFamily()),
  named('autoencoder', autoencoderFamily()),
  named('conv net', convNetFamily()),
  named('recurrent net', recurrentNetFamily()),
  named('two valleys', twoValleyFamily()),
];

const digits = loadDigits();
/** A finite difference sees a kink inside its step. */
const SMOOTH = ['tanh', 'sigmoid', 'softplus', 'elu'] as const;
const dense = {activation: SMOOTH, depth: [0, 2], width: 6, batchSize: 8, numFeatures: 5, numExamples: 40} as const;

/** Small tasks without kinks, each choice of each family among them. */
export const SMOOTH_FAMILIES: readonly TaskFamily[] = [
  named('quadratic', quadraticFamily({dimension: 6, conditionNumber: 10})),
  named('lasso', lassoFamily({dimension: 6, rows: 5, l1: 0.05})),
  named('logistic regression', logisticRegressionFamily({numFeatures: 5, batchSize: 16, l2: 0.1})),
  named('rosenbrock', rosenbrockFamily({dimension: 4})),
  named('rastrigin', rastriginFamily({dimension: 4})),
  named('ackley', ackleyFamily({dimension: 4, startRadius: 3})),
  named('griewank', griewankFamily({dimension: 4, startRadius: 20})),
  named('two valleys', twoValleyFamily({ratio: [5, 10]})),
  ...(['softmaxCrossEntropy', 'sigmoidCrossEntropy', 'meanSquaredError'] as const).map(loss =>
    named(`mlp classification, ${loss}`, mlpClassificationFamily({...dense, loss}))),
  named('mlp classification, digits', mlpClassificationFamily({activation: SMOOTH, width: 6, batchSize: 8, data: digits})),
  ...(['meanSquaredError', 'huberLoss'] as const).map(loss =>
    named(`mlp regression, ${loss}`, mlpRegressionFamily({...dense, loss}))),
  ...(['meanSquaredError', 'sigmoidCrossEntropy'] as const).map(loss =>
    named(`autoencoder, ${loss}`, autoencoderFamily({...dense, depth: [0, 1], loss}))),
  named('autoencoder, digits', autoencoderFamily({activation: SMOOTH, width: 6, batchSize: 8, data: digits, loss: 'sigmoidCrossEntropy'})),
  ...(['simple', 'gru', 'lstm'] as const).map(cell =>
    named(`recurrent net, ${cell}`, recurrentNetFamily({cell, units: 5, batchSize: 8, sequenceLength: 5}))),
  named('recurrent net, digits', recurrentNetFamily({units: 5, batchSize: 8, data: digits})),
  ...(['stride', 'averagePool'] as const).flatMap(downsampling => (['flatten', 'globalAverage'] as const).map(head =>
    named(`conv net, ${downsampling}, ${head}`, convNetFamily({activation: SMOOTH, downsampling, head, channels: 3, batchSize: 4})))),
  named('conv net, averagePool, odd side', convNetFamily({activation: SMOOTH, downsampling: 'averagePool', side: 5, channels: 3, batchSize: 4})),
  named('conv net, digits', convNetFamily({activation: SMOOTH, downsampling: 'stride', channels: 3, batchSize: 4, data: digits})),
];

/** Small tasks with kinks, which a short step rarely meets. */
export const KINKED_FAMILIES: readonly TaskFamily[] = [
  named('mlp regression, absoluteDifference', mlpRegressionFamily({...dense, batchSize: 7, loss: 'absoluteDifference'})),
  ...(['relu', 'leakyRelu'] as const).map(activation => named(`mlp classification, ${activation}`, mlpClassificationFamily({...dense, activation}))),
  named('conv net, relu, maxPool', convNetFamily({activation: 'relu', downsampling: 'maxPool', channels: 3, batchSize: 4})),
];
