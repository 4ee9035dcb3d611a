import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {registerWasmTrainingKernels} from '../../src/kernel/wasm-training.js';
import {Random} from '../../src/random.js';
import {RolloutEngine} from '../../src/rollout/engine.js';
import type {RolloutOptions} from '../../src/rollout/rollout.js';
import {labelNoise} from '../../src/tasks/augment/label-noise.js';
import {reducedBatch} from '../../src/tasks/augment/reduced-batch.js';
import {reparametrised} from '../../src/tasks/augment/reparametrised.js';
import {compiledFormOf} from '../../src/tasks/compiled-problem.js';
import {loadDigits} from '../../src/tasks/digits.js';
import {convNetFamily} from '../../src/tasks/families/conv-net.js';
import {recurrentNetFamily} from '../../src/tasks/families/recurrent-net.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';
import {forEachBackend, useBackend} from '../support/backends.js';
import {STEPS, expectSameGradients, expectSameRun} from './engine-pair.js';

const digits = loadDigits(), CELLS = ['simple', 'gru', 'lstm'] as const, DOWNSAMPLINGS = ['stride', 'maxPool', 'averagePool'] as const;
/** Of many classes: a loss that falls to 0 within the steps is nothing but rounding. */
const images = {numExamples: 60, numClasses: [5, 8], batchSize: [3, 7], channels: [1, 6]} as const;
const sequences = {numExamples: 60, batchSize: [3, 7], units: [3, 9]} as const;

/** Each way to halve an image, of an odd side too, and each cell. */
const FAMILIES: Readonly<Record<string, TaskFamily>> = {
  ...Object.fromEntries(DOWNSAMPLINGS.map(downsampling => [`conv net, ${downsampling}, flatten`,
    convNetFamily({...images, activation: ['tanh', 'elu'], downsampling, head: 'flatten', depth: 2, side: 7})])),
  'conv net, globalAverage': convNetFamily({...images, activation: 'sigmoid', downsampling: 'averagePool', head: 'globalAverage', depth: 1, side: 6}),
  'conv net of digits, relu': convNetFamily({...images, data: digits, activation: 'relu', downsampling: 'stride', depth: 2}),
  ...Object.fromEntries(CELLS.map(cell => [`recurrent net, ${cell}`, recurrentNetFamily({...sequences, cell})])),
  'recurrent net of digits, gru': recurrentNetFamily({...sequences, data: digits, cell: 'gru'}),
};
const RULES: ReadonlyArray<Partial<RolloutOptions> & Pick<RolloutOptions, 'rule'>> = [
  {rule: 'tensor-lstm', horizon: 100, learningRate: 0.3}, {rule: 'adam', learningRate: 0.003}, {rule: 'sgd', learningRate: 0.05},
];

describe('the compiled engine and the tf-ops engine, on convolutional and recurrent networks', () => {
  forEachBackend(['cpu', 'wasm'], () => {
    before(() => registerWasmTrainingKernels());
    for (const [name, family] of Object.entries(FAMILIES)) {
      it(`make the same losses to 1e-4 over ${STEPS} steps, and evaluate alike: ${name}`, () => {
        for (const options of RULES) expectSameRun(family, 1, options);
      });
    }
  });

  describe('on cpu', () => {
    before(() => useBackend('cpu'));
    for (const [name, family] of Object.entries(FAMILIES)) {
      it(`have the same losses and gradients at the start and around it: ${name}`, () => expectSameGradients(family, [1, 2, 3]));
    }

    for (const [name, families] of Object.entries({
      'default conv nets': [4, 5, 6, 8].map(side => convNetFamily({side, batchSize: 4})),
      'default recurrent nets': [recurrentNetFamily({batchSize: 4}), recurrentNetFamily({batchSize: 4, data: digits, units: 8})],
    })) {
      it(`do so on what is drawn: ${name}`, () => families.forEach(family => expectSameGradients(family, [1, 2, 3, 4, 5])));
    }

    for (const [name, family] of Object.entries(FAMILIES)) {
      it(`have the same loss and accuracy on all examples of a split: ${name}`, () => {
        const task = family.sample(new Random(1)), problem = compiledFormOf(task)!(), {inputs, answers, numExamples} = problem.splits.validation;
        const engine = RolloutEngine.create(), rollout = engine.start(engine.load(problem), {rule: 'sgd', learningRate: 0, horizon: 0, hasLoss: true});
        const whole = rollout.evaluateWhole('validation'), before = tf.memory().numTensors;
        tf.tidy(() => {
          const targets = tf.cast(tf.oneHot(tf.tensor1d(answers, 'int32'), problem.parameters.at(-1)!.values.length), 'float32');
          const batch = {features: tf.tensor2d(inputs, [numExamples, inputs.length / numExamples]), targets}, params = task.init();
          expect(whole.loss).to.be.closeTo(task.loss(params, batch).dataSync()[0]!, 1e-5);
          expect(whole.accuracy).to.be.closeTo(task.accuracy!(params, batch).dataSync()[0]!, 1e-6);
        });
        expect(tf.memory().numTensors).to.equal(before);
      });
    }

    for (const family of [convNetFamily({...images, activation: 'tanh', side: 5}), recurrentNetFamily(sequences)]) {
      it(`make the same losses on an augmented family: ${family.name}`, () =>
        expectSameRun(reparametrised({range: [0.5, 2]})(reducedBatch({share: 0.5})(labelNoise({share: 0.5})(family))), 1, {horizon: 50}));
    }
  });
});
