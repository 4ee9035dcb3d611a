import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {attentionNetwork} from '../../../src/evaluation/tasks/attention-network.js';
import {matrixFactorisationFamily} from '../../../src/evaluation/tasks/matrix-factorisation.js';
import {networkFamily, type Examples, type NetworkMaker} from '../../../src/evaluation/tasks/network-family.js';
import {denseNetwork, recurrentNetwork, residualNetwork} from '../../../src/evaluation/tasks/networks.js';
import {tiedEmbeddingNetwork} from '../../../src/evaluation/tasks/tied-embedding.js';
import {variationalAutoencoderFamily} from '../../../src/evaluation/tasks/variational-autoencoder.js';
import {registerWasmTrainingKernels} from '../../../src/kernel/wasm-training.js';
import {Random} from '../../../src/random.js';
import {RolloutEngine} from '../../../src/rollout/engine.js';
import type {RolloutOptions} from '../../../src/rollout/rollout.js';
import {labelNoise} from '../../../src/tasks/augment/label-noise.js';
import {reducedBatch} from '../../../src/tasks/augment/reduced-batch.js';
import {reparametrised} from '../../../src/tasks/augment/reparametrised.js';
import {compiledFormOf} from '../../../src/tasks/compiled-problem.js';
import type {LabelledData} from '../../../src/tasks/digits.js';
import type {DataSplits, SupervisedLoss, TargetData} from '../../../src/tasks/families/shared/supervised-task.js';
import type {TaskFamily} from '../../../src/tasks/task-family.js';
import {STEPS, expectSameGradients, expectSameRun} from '../../rollout/engine-pair.js';
import {forEachBackend, useBackend} from '../../support/backends.js';

const NUM_EXAMPLES = 30;

/** Classes that nothing but chance gives: no loss falls to 0 within the steps. */
const labelled = (numFeatures: number, numClasses: number) => (random: Random): DataSplits<LabelledData> => {
  const part = (): LabelledData => ({
    features: Float32Array.from({length: NUM_EXAMPLES * numFeatures}, () => random.uniform()),
    labels: Int32Array.from({length: NUM_EXAMPLES}, () => random.integer(numClasses)), numExamples: NUM_EXAMPLES, numFeatures, numClasses,
  });
  return {train: part(), validation: part()};
};

const targets = (numFeatures: number, numOutputs: number) => (random: Random): DataSplits<TargetData> => {
  const part = (): TargetData => ({
    features: random.normals(NUM_EXAMPLES * numFeatures), targets: random.normals(NUM_EXAMPLES * numOutputs), numExamples: NUM_EXAMPLES, numFeatures, numOutputs,
  });
  return {train: part(), validation: part()};
};

const family = (
  network: NetworkMaker, data: (random: Random) => DataSplits<Examples>, batchSize: number | 'full' = 5, loss: SupervisedLoss = 'softmaxCrossEntropy',
): TaskFamily => networkFamily({name: 'network', data, network, loss, batchSize});

/** Of sizes that are multiples of four, and of others. */
const FAMILIES: Readonly<Record<string, TaskFamily>> = {
  gelu: family(denseNetwork([9, 8], 'gelu'), labelled(7, 5)),
  'gelu, mean squared error': family(denseNetwork([12], 'gelu'), targets(8, 3), 5, 'meanSquaredError'),
  'tanh, full batch': family(denseNetwork([9], 'tanh'), labelled(7, 5), 'full'),
  'no hidden layer': family(denseNetwork([], 'relu'), labelled(6, 4)),
  ...Object.fromEntries((['gru', 'lstm'] as const).flatMap(cell => [
    [cell, family(recurrentNetwork({cell, units: 6, featuresPerStep: 3}), labelled(12, 5))],
    [`${cell}, mean squared error`, family(recurrentNetwork({cell, units: 8, featuresPerStep: 2}), targets(10, 1), 7, 'meanSquaredError')],
  ])),
  'residual blocks, full batch': family(residualNetwork({width: 8, numBlocks: 2, activation: 'gelu'}), labelled(2, 3), 'full'),
  'residual blocks of odd width': family(residualNetwork({width: 5, numBlocks: 1, activation: 'sigmoid'}), labelled(3, 4)),
  'attention, two heads of three': family(attentionNetwork({featuresPerToken: 3, width: 6, numHeads: 2}), labelled(15, 4)),
  'attention, two heads of four': family(attentionNetwork({featuresPerToken: 4, width: 8, numHeads: 2}), labelled(32, 5)),
  'attention to one token': family(attentionNetwork({featuresPerToken: 4, width: 4, numHeads: 1}), labelled(4, 5)),
  'tied embedding': family(tiedEmbeddingNetwork(8), labelled(12, 4)),
  'tied embedding of odd size': family(tiedEmbeddingNetwork(5), labelled(15, 5)),
  'variational autoencoder': variationalAutoencoderFamily({data: labelled(9, 2)(new Random(1)), hidden: 7, codeSize: 3, batchSize: 6}),
  'matrix factorisation': matrixFactorisationFamily({numRows: 9, numColumns: 7, rank: 3, known: 0.9, noise: 0.1, batchSize: 12}),
};
const RULES: ReadonlyArray<Partial<RolloutOptions> & Pick<RolloutOptions, 'rule'>> = [
  {rule: 'tensor-lstm', horizon: 100, learningRate: 0.3}, {rule: 'adam', learningRate: 0.003}, {rule: 'sgd', learningRate: 0.01},
];

describe('the compiled engine and the tf-ops engine, on the families that only suites have', () => {
  forEachBackend(['cpu', 'wasm'], backend => {
    before(() => registerWasmTrainingKernels());
    for (const [name, tasks] of Object.entries(FAMILIES)) {
      it(`make the same losses to 1e-4 over ${STEPS} steps, and evaluate alike: ${name}`, () => {
        for (const options of backend === 'wasm' ? RULES : RULES.slice(0, 1)) expectSameRun(tasks, 1, options);
      });
    }
  });

  describe('on cpu', () => {
    before(() => useBackend('cpu'));
    for (const [name, tasks] of Object.entries(FAMILIES)) {
      it(`have the same losses and gradients at the start and around it: ${name}`, () => expectSameGradients(tasks, [1, 2, 3], 1e-5));
      it(`make the same losses when reparametrised, on smaller batches: ${name}`, () =>
        expectSameRun(reparametrised({level: 'parameter', range: [0.5, 2]})(reducedBatch({share: 0.5})(tasks)), 2, {horizon: 50, learningRate: 0.3}));
    }
    for (const batchSize of [5, 'full'] as const) {
      it(`make the same losses with other labels, batch ${batchSize}`, () =>
        expectSameRun(labelNoise({share: 0.5})(family(denseNetwork([9], 'gelu'), labelled(7, 5), batchSize)), 1, {}));
    }
  });

  for (const [name, tasks] of Object.entries(FAMILIES)) {
    // A variational autoencoder has other noise for each batch.
    if (tasks.name === 'variational autoencoder') continue;
    it(`have the same loss over a whole split in batches and at once: ${name}`, () => {
      const problem = compiledFormOf(tasks.sample(new Random(1)))!(), engine = RolloutEngine.create(), {validation} = problem.splits;
      const inOrder = {...problem, splits: {...problem.splits, validation: {...validation, batchSize: validation.numExamples, inOrder: true}}};
      const [inBatches, atOnce] = [problem, inOrder].map(p =>
        engine.start(engine.load(p), {rule: 'sgd', learningRate: 0, horizon: 0, hasLoss: true}));
      const whole = inBatches!.evaluateWhole('validation'), once = atOnce!.evaluate('validation', 1);
      expect(whole.loss).to.be.closeTo(once.loss, 1e-5 * once.loss);
      if (problem.classes === true) expect(whole.accuracy).to.be.closeTo(once.accuracy!, 1e-6);
    });
  }
});
