import {L2OError} from '../../errors.js';
import {Random} from '../../random.js';
import type {LabelledData} from '../../tasks/digits.js';
import {autoencoderFamily} from '../../tasks/families/autoencoder.js';
import {convNetFamily} from '../../tasks/families/conv-net.js';
import {mlpClassificationFamily} from '../../tasks/families/mlp-classification.js';
import type {DataSplits} from '../../tasks/families/shared/supervised-task.js';
import {loadFashionMnist} from '../../tasks/fashion-mnist.js';
import type {SkippedTask, SuiteTask} from '../suite.js';
import {attentionNetwork} from '../tasks/attention-network.js';
import {networkFamily} from '../tasks/network-family.js';
import {denseNetwork} from '../tasks/networks.js';
import {pooled, withWrongLabels} from '../tasks/point-data.js';
import {variationalAutoencoderFamily} from '../tasks/variational-autoencoder.js';

const dataset = 'fashion-mnist', loss = 'softmaxCrossEntropy', initialization = 'glorotUniform';
const NOISE_SEED = 41;

/** Tasks of `unseen` on Fashion-MNIST, from its data; names, steps and settings do not depend on them. */
function describeTasks(images: DataSplits<LabelledData>): SuiteTask[] {
  const small = pooled(images, 2), wrong = withWrongLabels(small, new Random(NOISE_SEED), 0.4);
  const mlp = {dataset, architecture: 'mlp', loss} as const, conv = {dataset, architecture: 'conv', loss} as const;
  return [
    {
      ...mlp, name: 'fashion 784-672-672-10, a million parameters', steps: 400,
      family: mlpClassificationFamily({data: images, depth: 2, width: 672, activation: 'relu', initialization, batchSize: 32}),
    },
    {
      ...mlp, name: 'fashion 196, six layers of 64, relu', steps: 2000,
      family: mlpClassificationFamily({data: small, depth: 6, width: 64, activation: 'relu', initialization: 'heNormal', batchSize: 32}),
    },
    {
      ...mlp, name: 'fashion 784-64-10, sigmoid, batch 8', steps: 2000, trainBatches: 16, validationBatches: 32,
      family: mlpClassificationFamily({data: images, depth: 1, width: 64, activation: 'sigmoid', initialization, batchSize: 8}),
    },
    {
      ...mlp, name: 'fashion 196-128-10, 40 % wrong labels', steps: 1000,
      family: mlpClassificationFamily({data: wrong, depth: 1, width: 128, activation: 'relu', initialization, batchSize: 64}),
    },
    {
      ...mlp, name: 'fashion 196-32-10, tanh, 10,000 steps', steps: 10_000,
      family: mlpClassificationFamily({data: small, depth: 1, width: 32, activation: 'tanh', initialization, batchSize: 32}),
    },
    {
      ...mlp, name: 'fashion 196-96-96-10, gelu', steps: 1000,
      family: networkFamily({name: 'gelu mlp', data: small, network: denseNetwork([96, 96], 'gelu'), loss, batchSize: 32}),
    },
    {
      dataset, architecture: 'linear', loss, name: 'fashion softmax regression, 200 steps', steps: 200,
      family: mlpClassificationFamily({data: images, depth: 0, initialization, batchSize: 64}),
    },
    {
      ...conv, name: 'fashion conv 8-8, max-pool, relu', steps: 500,
      family: convNetFamily({
        data: images, depth: 2, channels: 8, activation: 'relu', downsampling: 'maxPool', head: 'flatten', initialization: 'heNormal', batchSize: 32,
      }),
    },
    {
      ...conv, name: 'fashion conv 16-16, stride, elu, global average', steps: 600,
      family: convNetFamily({
        data: small, depth: 2, channels: 16, activation: 'elu', downsampling: 'stride', head: 'globalAverage', initialization, batchSize: 32,
      }),
    },
    {
      dataset, architecture: 'autoencoder', loss: 'sigmoidCrossEntropy', name: 'fashion autoencoder 196-64-12-64-196', steps: 1000,
      family: autoencoderFamily({
        data: small, depth: 1, width: 64, codeSize: 12, activation: 'tanh', initialization, loss: 'sigmoidCrossEntropy', batchSize: 32,
      }),
    },
    {
      dataset, architecture: 'variational autoencoder', loss: 'evidence bound', name: 'fashion variational autoencoder 196-64-8', steps: 1000,
      family: variationalAutoencoderFamily({data: small, hidden: 64, codeSize: 8, batchSize: 32}),
    },
    {
      dataset, architecture: 'attention', loss, name: 'fashion attention over 14 rows', steps: 400,
      family: networkFamily({name: 'attention', data: small, network: attentionNetwork({featuresPerToken: 14, width: 32, numHeads: 4}), loss, batchSize: 32}),
    },
  ];
}

/** Tasks on Fashion-MNIST, or why they cannot run here. @throws L2OError 'CORRUPT_FILE' where the data are damaged. */
export function fashionTasks(folder?: string): {tasks: SuiteTask[]; skipped: SkippedTask[]} {
  try {
    return {tasks: describeTasks(loadFashionMnist(folder === undefined ? {} : {folder})), skipped: []};
  } catch (error) {
    if (!(error instanceof L2OError) || error.code !== 'DATA_MISSING') throw error;
    const reason = error.message;
    return {tasks: [], skipped: describeTasks(STAND_IN).map(({name}) => ({name, reason}))};
  }
}

/** Two blank images, of which the tasks' names come where the data are missing. No task of theirs is ever run. */
const BLANK: LabelledData = {features: new Float32Array(2 * 784), labels: new Int32Array(2), numExamples: 2, numFeatures: 784, numClasses: 10};
const STAND_IN: DataSplits<LabelledData> = {train: BLANK, validation: BLANK};
