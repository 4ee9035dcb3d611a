import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {runOnce, taskSeed, type RunContext} from '../../src/evaluation/run-once.js';
import type {RunSpec} from '../../src/evaluation/run-spec.js';
import type {SuiteTask} from '../../src/evaluation/suite.js';
import {Random} from '../../src/random.js';
import {logisticRegressionFamily} from '../../src/tasks/families/logistic-regression.js';
import {mlpClassificationFamily} from '../../src/tasks/families/mlp-classification.js';
import type {Task} from '../../src/tasks/task-family.js';
import {defaultTheta} from '../../src/theta/default-theta.js';
import peer from './peer.js';
import toy from './toy-suite.js';

const SPEC: RunSpec = {task: 0, optimizer: {kind: 'learned'}, seed: 'run 0', steps: 40, horizon: 40, measureAt: [0, 20, 40], validateAt: [40]};
const contextOf = (tasks: readonly SuiteTask[]): RunContext => ({suite: {name: 's', tasks}, theta: defaultTheta(), peers: [peer]});
const of = (family: SuiteTask['family']): SuiteTask => ({name: 't', dataset: 'd', architecture: 'a', loss: 'l', steps: 40, family, validationBatches: 3});

describe('runOnce', () => {
  for (const optimizer of [{kind: 'learned'}, {kind: 'adamwCosine', learningRate: 0.1}, {kind: 'peer', peer: 'falling'}] as const) {
    it(`is the same run each time and leaks no tensor: ${optimizer.kind}`, () => {
      const before = tf.memory().numTensors, context = contextOf(toy.tasks), spec = {...SPEC, optimizer, task: 2};
      const {seconds, ...first} = runOnce(context, spec), {seconds: again, ...second} = runOnce(context, spec);
      expect(second).to.deep.equal(first);
      expect([seconds, again].every(x => x > 0)).to.equal(true);
      expect(first.made).to.equal(40);
      expect(first.train).to.have.length(3);
      expect(first.train[2]!).to.be.below(first.train[0]!);
      expect(tf.memory().numTensors).to.equal(before);
    });
  }

  it('starts all optimizers at the same loss, and other seeds at another', () => {
    const context = contextOf(toy.tasks), start = (spec: Partial<RunSpec>): number => runOnce(context, {...SPEC, task: 2, steps: 1, measureAt: [0], validateAt: [], ...spec}).train[0]!;
    expect(start({optimizer: {kind: 'adam', learningRate: 1}})).to.equal(start({}));
    expect(start({optimizer: {kind: 'peer', peer: 'falling'}})).to.be.closeTo(start({}), 1e-6);
    expect(start({seed: 'run 1'})).not.to.equal(start({}));
    expect(taskSeed(toy, toy.tasks[0]!, 'run 0')).not.to.equal(taskSeed(toy, toy.tasks[1]!, 'run 0'));
  });

  it('gives Infinity for what is never reached', () => {
    const record = runOnce(contextOf(toy.tasks), {...SPEC, optimizer: {kind: 'sgdMomentum', learningRate: 1e6}});
    expect(record.made).to.be.below(20);
    expect(record.train.slice(1)).to.deep.equal([Infinity, Infinity]);
    expect(record.validation).to.deep.equal([{loss: Infinity}]);
  });

  it('ends a run at the first loss that is not finite, also where later batches would go well', () => {
    let numLosses = 0;
    const family: SuiteTask['family'] = {name: 'one bad batch', sample: () => ({
      init: () => ({x: tf.tensor1d([1])}),
      loss: ({x}) => tf.tidy(() => {
        const loss = tf.sum<tf.Scalar>(tf.square(x!));
        return ++numLosses === 10 ? tf.div(loss, 0) : loss;
      }),
      *batches() {
        for (;;) yield {};
      },
    })};
    const record = runOnce(contextOf([of(family)]), {...SPEC, measureAt: [20, 40], optimizer: {kind: 'peer', peer: 'falling'}});
    expect(record.made).to.be.below(20);
    expect(record.train).to.deep.equal([Infinity, Infinity]);
    expect(record.validation).to.deep.equal([{loss: Infinity}]);
  });

  const FAMILIES = {
    'two classes by one logit': logisticRegressionFamily({numExamples: 60, numFeatures: 3, batchSize: 10}),
    'three classes': mlpClassificationFamily({data: 'clusters', numExamples: 60, numFeatures: 3, numClasses: 3, depth: 0, batchSize: 10}),
  };
  for (const [name, family] of Object.entries(FAMILIES)) {
    it(`measures the accuracy of the final parameters over the validation batches: ${name}`, () => {
      const context = contextOf([of(family)]), {accuracy} = runOnce(context, {...SPEC, optimizer: {kind: 'adam', learningRate: 0.1}}).validation[0]!;
      // Of 30 examples.
      expect(accuracy! * 30).to.be.closeTo(Math.round(accuracy! * 30), 1e-4);
      expect(accuracy).to.be.within(0.5, 1);
    });
  }

  it('counts as right the class of the largest output, or the sign of one logit', () => {
    const right = (family: SuiteTask['family'], params: tf.NamedTensorMap, features: number[][], targets: number[][]): number => tf.tidy(() => {
      const task = family.sample(new Random(1)) as Task<{features: tf.Tensor2D; targets: tf.Tensor2D}>;
      return task.accuracy!(params, {features: tf.tensor2d(features), targets: tf.tensor2d(targets)}).dataSync()[0]!;
    });
    const one = logisticRegressionFamily({numExamples: 10, numFeatures: 1});
    const names = Object.keys(one.sample(new Random(1)).init());
    expect(names).to.have.length(2);
    const [weight, bias] = names as [string, string];
    expect(right(one, {[weight]: tf.tensor2d([[2]]), [bias]: tf.tensor1d([-1])}, [[0], [1], [2], [0.4]], [[0], [1], [0], [1]])).to.equal(0.5);
    const three = mlpClassificationFamily({data: 'clusters', numExamples: 10, numFeatures: 1, numClasses: 3, depth: 0});
    const kernel = tf.tensor2d([[-1, 0, 1]]), biases = tf.tensor1d([0, 0.5, 0]);
    expect(right(three, {kernel0: kernel, bias0: biases}, [[-3], [0], [3], [3]], [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]])).to.equal(0.75);
  });
});
