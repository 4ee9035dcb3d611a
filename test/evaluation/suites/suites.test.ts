import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {createHash} from 'node:crypto';
import {HORIZONS} from '../../../recipes/tensor-lstm-family.js';
import type {Suite, SuiteTask} from '../../../src/evaluation/suite.js';
import {prepareBackend} from '../../../src/evaluation/suites/backend.js';
import {sharedPairs} from '../../../src/evaluation/suites/pairs.js';
import {seenSuite} from '../../../src/evaluation/suites/seen.js';
import {unseenSuite} from '../../../src/evaluation/suites/unseen.js';
import {validationSuite} from '../../../src/evaluation/suites/validation.js';
import {Random} from '../../../src/random.js';
import {taskGradients} from '../../../src/tasks/augment/task-gradients.js';
import {useBackend} from '../../support/backends.js';
import {disposeBatch, lossesAt, nextBatch, readAll} from '../../support/task-checks.js';

const MOST_PARAMETERS = 1_000_000;

const unseen = unseenSuite();
const suites: readonly Suite[] = [seenSuite(), validationSuite(), unseen];

/** What a task comes to at its start: equal for equal tasks. */
interface Start {
  readonly loss: number;
  readonly validation: number;
  readonly accuracy: number | undefined;
  readonly numParameters: number;
  readonly areGradientsFinite: boolean;
  /** Of all gradients. */
  readonly hash: string;
}

function start({family}: SuiteTask, seed: number): Start {
  const task = family.sample(new Random(seed)), params = task.init(), batch = nextBatch(task.batches('train'));
  const shapesOf = (tensors: tf.NamedTensorMap): unknown => Object.entries(tensors).map(([name, {shape}]) => [name, shape]);
  const {loss, gradients} = taskGradients(task, params, batch, 0);
  expect(shapesOf(gradients)).to.deep.equal(shapesOf(params));
  const accuracy = task.accuracy === undefined ? undefined : tf.tidy(() => task.accuracy!(params, batch).dataSync()[0]);
  const validation = lossesAt(task, params, 'validation', 1)[0]!, values = Object.values(readAll(gradients)), hash = createHash('sha1');
  values.forEach(value => hash.update(new Uint8Array(value.buffer)));
  const result = {
    loss: loss.dataSync()[0]!, validation, accuracy, numParameters: values.reduce((sum, g) => sum + g.length, 0),
    areGradientsFinite: values.every(g => g.every(Number.isFinite)) && values.some(g => g.some(x => x !== 0)), hash: hash.digest('hex'),
  };
  tf.dispose([loss, params]);
  disposeBatch(batch);
  task.dispose?.();
  return result;
}

describe('the suites', () => {
  before(async () => {
    await prepareBackend();
  });
  after(() => useBackend('cpu'));

  it('run on wasm', () => {
    expect(tf.getBackend()).to.equal('wasm');
  });

  for (const {name, tasks} of suites) {
    describe(name, () => {
      it('has tasks of different names that say what they are made of', () => {
        expect(new Set(tasks.map(task => task.name)).size).to.equal(tasks.length);
        for (const {dataset, architecture, loss, steps} of tasks) {
          expect([dataset, architecture, loss].every(text => text.length > 0)).to.be.true;
          expect(steps).to.be.within(20, 10_000);
        }
      });

      for (const task of tasks) {
        it(`starts '${task.name}' with finite losses and gradients, the same for the same seed, and frees all`, () => {
          const before = tf.memory().numTensors, first = start(task, 1);
          expect(Number.isFinite(first.loss) && Number.isFinite(first.validation), `${first.loss}, ${first.validation}`).to.be.true;
          expect(first.areGradientsFinite).to.be.true;
          expect(first.numParameters).to.be.at.most(MOST_PARAMETERS);
          expect(first.accuracy ?? 0).to.be.within(0, 1);
          expect(start(task, 1)).to.deep.equal(first);
          expect(start(task, 2).hash).to.not.equal(first.hash);
          expect(tf.memory().numTensors).to.equal(before);
        });
      }
    });
  }

  it('have no pair of data and architecture class in both validation and unseen', () => {
    expect(sharedPairs(validationSuite().tasks, unseen.tasks)).to.deep.equal([]);
  });
});

describe('the suite unseen', () => {
  const all = [...unseen.tasks.map(({name}) => name), ...(unseen.skipped ?? []).map(({name}) => name)];

  it('has at least 20 tasks, from 200 to 10,000 steps, five times as many as any recipe runs', () => {
    expect(all.length).to.be.at.least(20);
    const longest = Math.max(...unseen.tasks.map(({steps}) => steps));
    expect(longest).to.equal(10_000).and.to.be.at.least(5 * HORIZONS[1]);
    expect(unseen.tasks.filter(({steps}) => steps > 2000)).to.have.lengthOf.at.most(3);
  });

  it('lists what cannot run where Fashion-MNIST is missing, and has the rest', () => {
    const {tasks, skipped = []} = unseenSuite('/nowhere');
    expect([...tasks.map(({name}) => name), ...skipped.map(({name}) => name)]).to.have.members(all);
    expect(skipped).to.have.lengthOf.at.least(10);
    for (const {name, reason} of skipped) {
      expect(name).to.match(/^fashion/);
      expect(reason).to.contain('apt-get install dataset-fashion-mnist');
    }
    expect(tasks.some(({dataset}) => dataset === 'fashion-mnist')).to.be.false;
  });

  it('has every kind of task that it promises', () => {
    const {tasks} = unseenSuite('/nowhere'), kinds = tasks.map(({dataset, architecture}) => `${dataset}, ${architecture}`);
    expect(kinds).to.include.members([
      'wine, mlp', 'breast cancer, mlp', 'diabetes, mlp', 'diabetes, lasso', 'friedman, mlp', 'adding, gru', 'text, lstm', 'recall, attention',
      'low-rank matrix, matrix factorisation', 'rosenbrock, rosenbrock', 'power-law spectrum, quadratic', 'polynomial, least squares',
    ]);
  });
});
