import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {L2OError, learnedOptimizer} from '../../src/index.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {Bowl} from './bowl.js';
import {LAYERS_ENTRY_POINTS, LOOP_STEPS, LOSSLESS_STEPS} from './entry-points.js';
import {mlp} from './tasks.js';
import {expectClose, expectDifferent, expectSame, valuesOf, weightsOf} from './training.js';
import {firstStep, ranOnBowl, ZOO, zooOptimizer, zooTheta} from './zoo.js';

const SHAPES = [[4, 3], [5], []];

for (const rule of ZOO) {
  describe(`learnedOptimizer({rule: '${rule}', theta})`, () => {
    it('asks for a theta, says how to get one, and takes the rule from a theta that says it', () => {
      expect(() => learnedOptimizer({rule})).to.throw(L2OError, `metaFit({rule: '${rule}', …})`).with.property('code', 'INVALID_ARGUMENT');
      const theta = zooTheta(rule), optimizers = [learnedOptimizer({theta}), learnedOptimizer({rule, theta}), learnedOptimizer({rule, theta: theta.values})];
      for (const optimizer of optimizers) {
        expect(optimizer.theta).to.deep.equal(theta);
        expect(optimizer.getConfig()).to.include({rule, parameterScale: false});
        optimizer.dispose();
      }
    });

    it('refuses a theta of another rule, by both names, and a parameter scale', () => {
      for (const other of ['tensor-lstm', ...ZOO].filter(r => r !== rule) as Array<typeof rule>) {
        expect(() => learnedOptimizer({rule: other, theta: zooTheta(rule)})).to.throw(L2OError, new RegExp(`'${other}', got one of '${rule}'`)).with.property('code', 'INVALID_THETA');
        expect(() => learnedOptimizer({rule: other, theta: zooTheta(rule).values})).to.throw(L2OError, new RegExp(`'${other}', got \\d+, as many as '${rule}'`));
      }
      expect(() => learnedOptimizer({theta: zooTheta(rule).values})).to.throw(L2OError, rule).with.property('code', 'INVALID_THETA');
      expect(() => zooOptimizer(rule, {parameterScale: true})).to.throw(L2OError, 'parameterScale').with.property('code', 'INVALID_ARGUMENT');
      zooOptimizer(rule, {parameterScale: false}).dispose();
    });

    forEachBackend(BACKENDS, () => {
      it('moves variables of every rank, and agrees by every entry point of a loop, bit for bit', () => {
        const results = [LOOP_STEPS, LOSSLESS_STEPS].map(steps => Object.values(steps).map(step => {
          const bowl = new Bowl(SHAPES), optimizer = zooOptimizer(rule, {numSteps: 2}), before = bowl.values();
          for (let i = 0; i < 2; i++) step(optimizer, () => bowl.loss(i), bowl.variables);
          expect(optimizer.iterations).to.equal(2);
          const values = bowl.values();
          values.forEach((v, i) => v.forEach((x, j) => expect(Number.isFinite(x) && x !== before[i]![j], `value ${j} of ${i}`).to.be.true));
          optimizer.dispose();
          bowl.dispose();
          return values;
        })).flat();
        // The loss is nothing to these rules.
        for (const other of results.slice(1)) expectSame(other, results[0]!);
      });

      it('fit, fitDataset and trainOnBatch train alike, bit for bit', async () => {
        const results: Float32Array[][] = [];
        for (const entry of LAYERS_ENTRY_POINTS) {
          const optimizer = zooOptimizer(rule), training = entry.start(mlp, optimizer);
          await training.run(10);
          results.push(weightsOf(training.model));
          training.dispose();
          optimizer.dispose();
        }
        for (const result of results.slice(1)) expectSame(result, results[0]!);
      });

      it('learningRate multiplies the step, and can be set in the middle; numSteps changes nothing', () => {
        // Large ones: the first steps of scale are 1e-5 of the values that they are added to.
        const one = firstStep(rule, SHAPES, {learningRate: 1000}).steps, half = firstStep(rule, SHAPES, {learningRate: 500}).steps;
        expectClose(half.map(v => v.map(x => 2 * x)), one, 1e-4);
        const plain = ranOnBowl(rule, SHAPES);
        expectSame(ranOnBowl(rule, SHAPES, {}, optimizer => (optimizer.learningRate = 0.25)), ranOnBowl(rule, SHAPES, {learningRate: 0.25}));
        expectDifferent(ranOnBowl(rule, SHAPES, {}, (optimizer, step) => (optimizer.learningRate = step < 2 ? 1 : 0.1)), plain);
        expectSame(ranOnBowl(rule, SHAPES, {numSteps: 3}), plain);
      });

      it('clipNorm scales gradients by their norm over all variables, and leaves smaller ones alone', () => {
        const bowl = new Bowl(SHAPES), gradients = bowl.gradients(), norm = Math.hypot(...valuesOf(gradients).flatMap(v => [...v]));
        tf.dispose(gradients);
        bowl.dispose();
        expectClose(firstStep(rule, SHAPES, {clipNorm: norm / 2000}).steps, firstStep(rule, SHAPES, {}, 1 / 2000).steps, 1e-3);
        expectSame(firstStep(rule, SHAPES, {clipNorm: 1e6}).steps, firstStep(rule, SHAPES).steps);
      });

      it('weightDecay takes (rate of the step) × weightDecay of a weight away, all of it at most, where decayMask says so', () => {
        const masked = {decayMask: (_: string, shape: readonly number[]): boolean => shape.length === 1};
        for (const learningRate of [1, 0.5]) {
          const plain = firstStep(rule, SHAPES, {learningRate}), {steps} = firstStep(rule, SHAPES, {learningRate, weightDecay: 10, ...masked});
          const shares = steps.map((s, i) => [...s].map((x, j) => (plain.steps[i]![j]! - x) / plain.before[i]![j]!));
          expect([...shares[0]!, ...shares[2]!].every(share => share === 0)).to.be.true;
          // 10 × 0.01, or 10 × the rate of scale, which is at most exp(-1) × 1e-2 at its start, and 1e-6 at least.
          if (rule === 'scale') for (const share of shares[1]!) expect(share).to.be.within(-1e-6, 0.037 * learningRate);
          else for (const share of shares[1]!) expect(share).to.be.closeTo(0.1 * learningRate, 1e-5);
        }
        const {before, steps} = firstStep(rule, SHAPES, {weightDecay: 1e30, ...masked}), plain = firstStep(rule, SHAPES);
        expectClose([steps[1]!.map((x, j) => x + before[1]![j]!)], [plain.steps[1]!], 0.02);
      });
    });
  });
}
