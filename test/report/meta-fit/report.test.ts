import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {L2OError} from '../../../src/errors.js';
import {metaFit} from '../../../src/meta/meta-fit.js';
import {Random} from '../../../src/random.js';
import {bestAdamRate, lossCurve, scoreCurve, type FreshTaskPlan} from '../../../src/report/meta-fit/fresh-tasks.js';
import {metaFitReport, type MetaFitReportOptions} from '../../../src/report/meta-fit/report.js';
import {stepRates} from '../../../src/report/meta-fit/step-rates.js';
import {mlpClassificationFamily} from '../../../src/tasks/families/mlp-classification.js';
import {quadraticFamily} from '../../../src/tasks/families/quadratic.js';
import type {TaskFamily} from '../../../src/tasks/task-family.js';
import {slopes} from '../../meta/families/slopes.js';
import {RUN} from '../../meta/run-options.js';
import {elementsOf} from '../well-formed.js';

const planOf = (family: TaskFamily, numSteps: number): FreshTaskPlan => ({family: {family, module: undefined}, random: new Random(3), numSteps, on: 'train'});

describe('metaFitReport', () => {
  it('shows a run in a well-formed page of its own, and frees all tensors', async () => {
    const before = tf.memory().numTensors, seen: number[] = [];
    const result = await metaFit({...RUN, tasks: slopes});
    const page = await metaFitReport(result, {tasks: slopes, numTasks: 3, numTuningTasks: 2, onProgress: (done, total) => seen.push(done / total)});
    for (const svg of page.match(/<svg[^]*?<\/svg>/g)!) expect(elementsOf(svg)[0]).to.equal('svg');
    expect(page.match(/<svg/g)).to.have.length(5);
    for (const text of ['Meta-training on slopes', 'Held-out score', 'Meta-loss', 'Learning rate of an Adam that steps as far', 'Adam, best rate', result.theta.hash, 'numOuterSteps']) {
      expect(page, text).to.include(text);
    }
    expect(page).to.match(/After 20 steps the trained optimizer’s training loss is [\d.]+ × that of Adam at the best of 9 rates/);
    expect(seen.at(-1)).to.equal(1);
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('compares losses that may be negative without ratios', async () => {
    const family: TaskFamily = {name: 'below zero', sample: () => ({init: () => ({w: tf.ones([2])}), loss: ({w}) => tf.sub(tf.sum(tf.square(w!)), 1), *batches() { for (;;) yield 0; }})};
    const result = await metaFit({...RUN, numOuterSteps: 2, tasks: family});
    const page = await metaFitReport(result, {tasks: family, numTasks: 2, numTuningTasks: 1, numSteps: 6});
    expect(page).to.match(/After 6 steps the trained optimizer’s training loss is lower on [0-2] of 2 fresh tasks/);
  });

  it('refuses wrong options before any task runs', async () => {
    const result = await metaFit({...RUN, numOuterSteps: 1, tasks: slopes});
    const bad: ReadonlyArray<readonly [object, RegExp]> = [
      [{}, /tasks must be a task family/], [{tasks: slopes, numTask: 3}, /Did you mean 'numTasks'/], [{tasks: slopes, numTasks: 1}, /numTasks must be an integer ≥ 2/],
      [{tasks: slopes, onProgress: 1}, /onProgress must be a function/],
    ];
    for (const [options, message] of bad) {
      let error: unknown;
      try {
        await metaFitReport(result, options as MetaFitReportOptions);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).to.be.instanceOf(L2OError).and.to.have.property('message').that.matches(message);
    }
  });
});

describe('stepRates', () => {
  for (const [name, family, tensors] of [
    ['by tf ops', slopes, ['w', 'b']],
    ['in the compiled engine', mlpClassificationFamily({depth: 1, numExamples: 50, activation: 'tanh'}), ['kernel0', 'bias0', 'kernel1', 'bias1']],
  ] as const) {
    it(`gives Adam itself its own rate, for each tensor: ${name}`, () => {
      const rates = stepRates(planOf(family, 12), ['a', 'b', 'c'], {adamRate: 0.02});
      expect(rates.map(({tensor}) => tensor)).to.deep.equal(tensors);
      for (const {rates: values} of rates) {
        expect(values).to.have.length(12);
        for (const rate of values) expect(rate).to.be.closeTo(0.02, 2e-4);
      }
    });
  }

  it('takes all parameters together where tasks have other tensors, or many', () => {
    const deep = mlpClassificationFamily({depth: 3, numExamples: 50});
    expect(stepRates(planOf(deep, 3), ['a'], {adamRate: 0.01}).map(({tensor}) => tensor)).to.deep.equal(['all parameters']);
  });
});

describe('curves on fresh tasks', () => {
  it('are the same for the same task and trainer, and score lower the further they fall', () => {
    const plan = planOf(quadraticFamily(), 40), [slow, fast] = [1e-4, 1e-2].map((adamRate) => lossCurve(plan, 'x', {adamRate}));
    expect(lossCurve(plan, 'x', {adamRate: 1e-2})).to.deep.equal(fast);
    expect(fast!.map(({step}) => step)).to.deep.equal(Array.from({length: 41}, (_, i) => i));
    expect(scoreCurve(fast!, 'final')).to.be.below(scoreCurve(slow!, 'final'));
    expect(bestAdamRate(new Map([[1e-4, [slow!]], [1e-2, [fast!]]]), 'mean').rate).to.equal(1e-2);
  });

  it('count what diverged as worst', () => {
    const curve = [{step: 0, loss: 1}, {step: 1, loss: Infinity}];
    expect(scoreCurve(curve, 'final')).to.be.above(scoreCurve([{step: 0, loss: 1}, {step: 1, loss: 2}], 'final'));
  });
});
