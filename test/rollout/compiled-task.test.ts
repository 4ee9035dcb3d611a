import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {Random} from '../../src/random.js';
import {compiledTask} from '../../src/rollout/compiled-task.js';
import {threadEngine} from '../../src/rollout/engine.js';
import {openRollout} from '../../src/rollout/open-rollout.js';
import {OpsRollout} from '../../src/rollout/ops-rollout.js';
import type {RolloutOptions} from '../../src/rollout/rollout.js';
import {reparametrised} from '../../src/tasks/augment/reparametrised.js';
import {autoencoderFamily} from '../../src/tasks/families/autoencoder.js';
import {mlpClassificationFamily} from '../../src/tasks/families/mlp-classification.js';
import {rosenbrockFamily} from '../../src/tasks/families/rosenbrock.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';
import {forEachBackend} from '../support/backends.js';

const FAMILIES: readonly TaskFamily[] = [
  mlpClassificationFamily({numExamples: 60, depth: 1, width: 7, activation: 'tanh', batchSize: 8}),
  reparametrised({level: 'parameter', range: [0.5, 2]})(autoencoderFamily({numExamples: 60, depth: 1, width: 8, activation: 'elu', batchSize: 8})),
  rosenbrockFamily({dimension: 5}),
];
const OPTIONS: RolloutOptions = {rule: 'adam', learningRate: 1e-3, horizon: 0, hasLoss: true}, STEPS = 12;

describe('a compiled task', () => {
  forEachBackend(['cpu', 'wasm', 'node'], () => {
    for (const family of FAMILIES) {
      it(`makes the losses of the engine under a rule of TF.js's, and frees all: ${family.name}`, () => {
        const before = tf.memory().numTensors, origin = {family: family.name, seed: 3}, sample = () => family.sample(new Random(3));
        const inEngine = openRollout(sample(), origin, OPTIONS), outside = new OpsRollout(compiledTask(sample()), origin, OPTIONS);
        const [expected, got] = [inEngine, outside].map(rollout => {
          const losses = new Float32Array(STEPS);
          expect(rollout.run(STEPS, losses)).to.equal(STEPS);
          return [...losses, rollout.evaluate('validation', 3).loss, rollout.evaluate('train', 2).loss];
        });
        got!.forEach((loss, k) => expect(loss, `${k}`).to.be.closeTo(expected![k]!, 1e-4 * expected![k]!));
        const saved = outside.snapshot(), [first, again] = [new Float32Array(2), new Float32Array(2)];
        outside.run(2, first);
        outside.restore(saved);
        outside.run(2, again);
        expect(again).to.deep.equal(first);
        inEngine.dispose();
        outside.dispose();
        expect(tf.memory().numTensors).to.equal(before);
      });
    }
  });

  it('gives the engine its memory back', () => {
    const use = (): void => {
      const rollout = new OpsRollout(compiledTask(FAMILIES[0]!.sample(new Random(3))), {family: 'f', seed: 3}, OPTIONS);
      rollout.run(2, new Float32Array(2));
      rollout.dispose();
    };
    use();
    const {memoryBytes} = threadEngine()!;
    for (let k = 0; k < 300; k++) use();
    expect(threadEngine()!.memoryBytes).to.equal(memoryBytes);
  });

  it('is the task itself where the engine has no like of it', () => {
    const task = {...FAMILIES[0]!.sample(new Random(3))};
    expect(compiledTask(task)).to.equal(task);
  });
});
