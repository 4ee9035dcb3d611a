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
import type {Task, TaskFamily} from '../../../src/tasks/task-family.js';

/** A family whose batches the tests need not know. */
export interface AnyFamily {
  readonly name: string;
  readonly sample: (...args: Parameters<TaskFamily['sample']>) => Task;
}

/** Batches differ in type from family to family: a task only ever gets its own back. */
export function anyFamily<B>(name: string, family: TaskFamily<B>): AnyFamily {
  return {name, sample: random => family.sample(random) as Task};
}

/** One row a family, with its defaults: new families are added here. */
export const DEFAULT_FAMILIES: readonly AnyFamily[] = [
  anyFamily('quadratic', quadraticFamily()),
  anyFamily('lasso', lassoFamily()),
  anyFamily('logistic regression', logisticRegressionFamily()),
  anyFamily('rosenbrock', rosenbrockFamily()),
  anyFamily('rastrigin', rastriginFamily()),
  anyFamily('ackley', ackleyFamily()),
  anyFamily('griewank', griewankFamily()),
  anyFamily('mlp classification', mlpClassificationFamily()),
  anyFamily('mlp regression', mlpRegressionFamily()),
  anyFamily('autoencoder', autoencoderFamily()),
  anyFamily('conv net', convNetFamily()),
  anyFamily('recurrent net', recurrentNetFamily()),
];

const digits = loadDigits();
/** A finite difference sees a kink inside its step. */
const SMOOTH = ['tanh', 'sigmoid', 'softplus', 'elu'] as const;
const dense = {activation: SMOOTH, depth: [0, 2], width: 6, batchSize: 8, numFeatures: 5, numExamples: 40} as const;

/** Small tasks without kinks, each choice of each family among them. */
export const SMOOTH_FAMILIES: readonly AnyFamily[] = [
  anyFamily('quadratic', quadraticFamily({dimension: 6, conditionNumber: 10})),
  anyFamily('lasso', lassoFamily({dimension: 6, rows: 5, l1: 0.05})),
  anyFamily('logistic regression', logisticRegressionFamily({numFeatures: 5, batchSize: 16, l2: 0.1})),
  anyFamily('rosenbrock', rosenbrockFamily({dimension: 4})),
  anyFamily('rastrigin', rastriginFamily({dimension: 4})),
  anyFamily('ackley', ackleyFamily({dimension: 4, startRadius: 3})),
  anyFamily('griewank', griewankFamily({dimension: 4, startRadius: 20})),
  ...(['softmaxCrossEntropy', 'sigmoidCrossEntropy', 'meanSquaredError'] as const).map(loss =>
    anyFamily(`mlp classification, ${loss}`, mlpClassificationFamily({...dense, loss}))),
  anyFamily('mlp classification, digits', mlpClassificationFamily({activation: SMOOTH, width: 6, batchSize: 8, data: digits})),
  ...(['meanSquaredError', 'huberLoss'] as const).map(loss =>
    anyFamily(`mlp regression, ${loss}`, mlpRegressionFamily({...dense, loss}))),
  ...(['meanSquaredError', 'sigmoidCrossEntropy'] as const).map(loss =>
    anyFamily(`autoencoder, ${loss}`, autoencoderFamily({...dense, depth: [0, 1], loss}))),
  anyFamily('autoencoder, digits', autoencoderFamily({activation: SMOOTH, width: 6, batchSize: 8, data: digits, loss: 'sigmoidCrossEntropy'})),
  ...(['simple', 'gru', 'lstm'] as const).map(cell =>
    anyFamily(`recurrent net, ${cell}`, recurrentNetFamily({cell, units: 5, batchSize: 8, sequenceLength: 5}))),
  anyFamily('recurrent net, digits', recurrentNetFamily({units: 5, batchSize: 8, data: digits})),
];

/** As {@link SMOOTH_FAMILIES}, for backends that train convolutions. */
export const SMOOTH_CONV_NETS: readonly AnyFamily[] = [
  ...(['stride', 'averagePool'] as const).flatMap(downsampling => (['flatten', 'globalAverage'] as const).map(head =>
    anyFamily(`conv net, ${downsampling}, ${head}`, convNetFamily({activation: SMOOTH, downsampling, head, channels: 3, batchSize: 4})))),
  anyFamily('conv net, digits', convNetFamily({activation: SMOOTH, downsampling: 'stride', channels: 3, batchSize: 4, data: digits})),
];

/** Small tasks with kinks, which a short step rarely meets. */
export const KINKED_FAMILIES: readonly AnyFamily[] = [
  anyFamily('mlp regression, absoluteDifference', mlpRegressionFamily({...dense, loss: 'absoluteDifference'})),
  ...(['relu', 'leakyRelu'] as const).map(activation => anyFamily(`mlp classification, ${activation}`, mlpClassificationFamily({...dense, activation}))),
];

/** As {@link KINKED_FAMILIES}, for backends that train convolutions. */
export const KINKED_CONV_NETS: readonly AnyFamily[] = [
  anyFamily('conv net, relu, maxPool', convNetFamily({activation: 'relu', downsampling: 'maxPool', channels: 3, batchSize: 4})),
];
