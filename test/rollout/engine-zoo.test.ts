import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {Random} from '../../src/random.js';
import {RolloutEngine} from '../../src/rollout/engine.js';
import type {EngineRollout} from '../../src/rollout/engine-rollout.js';
import {OpsRollout} from '../../src/rollout/ops-rollout.js';
import type {Rollout, RolloutOptions} from '../../src/rollout/rollout.js';
import {ruleInfo} from '../../src/rules/registry.js';
import type {Rule, SteppedVariable} from '../../src/rules/rule.js';
import {slotRandom} from '../../src/rules/slot-random.js';
import {compiledFormOf, type CompiledProblem} from '../../src/tasks/compiled-problem.js';
import {ackleyFamily} from '../../src/tasks/families/ackley.js';
import {autoencoderFamily} from '../../src/tasks/families/autoencoder.js';
import {griewankFamily} from '../../src/tasks/families/griewank.js';
import {lassoFamily} from '../../src/tasks/families/lasso.js';
import {logisticRegressionFamily} from '../../src/tasks/families/logistic-regression.js';
import {mlpClassificationFamily} from '../../src/tasks/families/mlp-classification.js';
import {mlpRegressionFamily} from '../../src/tasks/families/mlp-regression.js';
import {quadraticFamily} from '../../src/tasks/families/quadratic.js';
import {rastriginFamily} from '../../src/tasks/families/rastrigin.js';
import {rosenbrockFamily} from '../../src/tasks/families/rosenbrock.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';

const ZOO = ['lstm-dm', 'rnnprop', 'scale'] as const;
type ZooRule = (typeof ZOO)[number];
/** At which each rule's steps move the parameters by a few per cent of their RMS. */
const RATES: Readonly<Record<ZooRule, number>> = {'lstm-dm': 3, rnnprop: 3, scale: 300};
const ORIGIN = {family: 'test tasks', seed: 5};
/** Shapes of any rank: a scalar, one element, none, whole and broken groups of lanes; and how much the loss looks at each, not at all included. */
const TENSORS: ReadonlyArray<readonly [shape: readonly number[], weight: number]> = [
  [[], 1], [[1], 1e-3], [[0], 1], [[3, 5], 1], [[8], 1e-8], [[7, 3], 1], [[2, 0], 1], [[2, 2, 2, 2], 0], [[13], 10],
];
/** More than one block of the sums that `scale` makes over a tensor. */
const LARGE = [[11, 97], 0.1] as const;

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const rms = (x: Float32Array): number => Math.sqrt(x.reduce((sum, a) => sum + a * a, 0) / x.length);

/** Drawn weights with noise, so that none of them is 0 and untested. */
function thetaOf(name: ZooRule, seed = 1): Float32Array {
  const {initialTheta, thetaSize} = ruleInfo(name), noise = new Random(seed).normals(thetaSize, 0.1);
  return initialTheta(new Random(seed)).map((x, i) => x + noise[i]!);
}

/** ½ ‖A (x - centre)‖² of all tensors, one after another. */
function quadratic(tensors = TENSORS): CompiledProblem {
  const weights = tensors.flatMap(([shape, weight]) => new Array<number>(sizeOf(shape)).fill(weight)), count = weights.length, rows = 20;
  const random = new Random(2), inputs = random.normals(rows * count, 0.2).map((a, i) => a * weights[i % count]!);
  const split = {inputs, answers: random.normals(count), numExamples: 1, batchSize: 1, seed: 0};
  const parameters = tensors.map(([shape], i) => ({name: `p${i}`, shape, values: random.normals(sizeOf(shape))}));
  return {kind: 'quadratic', parameters, sizes: [count, rows], splits: {train: split, validation: split}};
}

const dense = {depth: 1, width: 9, numExamples: 60, numFeatures: 7, batchSize: 16} as const;
/** Near the minimum: farther out one rounding decides which bump a run falls into. */
const near = {dimension: 9, startRadius: 0.05, shift: 0} as const;
/** One of each kind of task that both engines run. */
const FAMILIES: readonly TaskFamily[] = [
  mlpClassificationFamily({...dense, data: 'clusters', numClasses: 3}), mlpRegressionFamily({...dense, activation: 'tanh', loss: 'meanSquaredError'}),
  autoencoderFamily({...dense, activation: 'sigmoid'}), logisticRegressionFamily({numExamples: 60}), quadraticFamily({dimension: 10, conditionNumber: 10}),
  lassoFamily(), rosenbrockFamily(), rastriginFamily(near), ackleyFamily({...near, startRadius: 1}), griewankFamily({...near, startRadius: 1}),
];

function optionsOf(rule: ZooRule, more: Partial<RolloutOptions> = {}): RolloutOptions {
  return {rule, learningRate: RATES[rule], horizon: 0, hasLoss: true, ...more};
}

function start(problem: CompiledProblem, name: ZooRule, theta = thetaOf(name), more: Partial<RolloutOptions> = {}): EngineRollout {
  const engine = RolloutEngine.create(), rollout = engine.start(engine.load(problem), optionsOf(name, more));
  rollout.setTheta(theta);
  return rollout;
}

function run(rollout: Rollout, steps: number): number[] {
  const losses = new Float32Array(steps);
  expect(rollout.run(steps, losses)).to.equal(steps);
  return [...losses];
}

/** Steps a rollout's parameters from its gradients once more, by the rule in tf ops. */
class Shadow {
  private readonly rule: Rule;
  private readonly theta: tf.Tensor1D;
  private variables: SteppedVariable[];
  private shared;

  constructor(name: ZooRule, theta: Float32Array, private readonly problem: CompiledProblem, private readonly weightDecay: number) {
    this.rule = ruleInfo(name).rule!;
    this.theta = tf.tensor1d(theta);
    let filled = 0;
    this.variables = problem.parameters.map(({shape, values}) => ({
      parameter: tf.tensor(values.slice(), [...shape]), slots: this.rule.initialSlots(this.theta, shape, slotRandom(values.length > 0 ? filled++ : 0)),
    }));
    this.shared = this.rule.initialShared(this.theta);
  }

  /** Parameters after the step, one tensor after another. */
  step(gradient: Float32Array, before: Float32Array, time: number, learningRate: number): Float32Array {
    let at = 0;
    const steps = this.variables.map(({slots}, i) => {
      const {shape} = this.problem.parameters[i]!, end = at + sizeOf(shape);
      const [parameter, own] = [before, gradient].map(values => tf.tensor(values.slice(at, end), [...shape])) as [tf.Tensor, tf.Tensor];
      at = end;
      return {parameter, gradient: own, slots, weightDecay: this.weightDecay};
    });
    const next = this.rule.step(this.theta, steps, this.shared, {time, horizon: 0, learningRate, loss: undefined});
    this.variables = next.variables;
    this.shared = next.shared;
    return Float32Array.from(next.variables.flatMap(({parameter}) => [...parameter.dataSync()]));
  }
}

describe('the zoo in the compiled engine', () => {
  for (const name of ZOO) {
    describe(name, () => {
      for (const [weightDecay, tensors] of [[0, TENSORS], [0.5, name === 'scale' ? [LARGE, ...TENSORS] : TENSORS]] as const) {
        it(`makes 20 steps of the rule in tf ops to 1e-5 of the parameters' RMS, on tensors of all kinds, with decay ${weightDecay}`, () => tf.tidy(() => {
          const problem = quadratic(tensors), theta = thetaOf(name), rollout = start(problem, name, theta, {weightDecay});
          const shadow = new Shadow(name, theta, problem, weightDecay);
          let moved = 0;
          for (let time = 0; time < 20; time++) {
            const before = rollout.parameters();
            let gradient = new Float32Array(0);
            rollout.run(1, new Float32Array(1), g => (gradient = g.slice()));
            const after = rollout.parameters(), expected = shadow.step(gradient, before, time, RATES[name]);
            expect(after).to.have.length(expected.length);
            moved += rms(after.map((x, i) => x - before[i]!)) / rms(before);
            const errors = after.map((x, i) => Math.abs(x - expected[i]!)), limit = 1e-5 * rms(expected);
            expect(errors.every(error => error <= limit), `step ${time}: largest error ${Math.max(...errors)}`).to.equal(true);
          }
          expect(moved / 20, 'mean step').to.be.within(1e-3, 1);
        }));
      }

      for (const family of FAMILIES) {
        it(`makes the losses of tf ops to 1e-4 over 20 steps, and the same at the end: ${family.name}`, () => {
          const more = {learningRate: RATES[name] / 10}, task = family.sample(new Random(4));
          const rollout = start(compiledFormOf(task)!(), name, thetaOf(name), more), ops = new OpsRollout(task, ORIGIN, optionsOf(name, more));
          ops.setTheta(thetaOf(name));
          const expected = run(ops, 20), got = run(rollout, 20), atEnd = ops.evaluate('validation').loss;
          expect(Math.abs(expected[19]! - expected[0]!) / expected[0]!, 'change of the loss').to.be.above(3e-4);
          got.forEach((x, k) => expect(Math.abs(x - expected[k]!) / expected[k]!, `step ${k}`).to.be.below(1e-4));
          expect(Math.abs(rollout.evaluate('validation').loss - atEnd) / atEnd).to.be.below(1e-4);
          ops.dispose();
        });
      }

      it('goes on from a snapshot bit for bit, in itself and in another', () => {
        const problem = quadratic(), rollout = start(problem, name), other = start(problem, name);
        const beginning = structuredClone(rollout.snapshot()), first = run(rollout, 5), middle = structuredClone(rollout.snapshot()), then = run(rollout, 5);
        const end = rollout.snapshot();
        rollout.restore(middle);
        expect(run(rollout, 5)).to.deep.equal(then);
        expect(rollout.snapshot()).to.deep.equal(end);
        rollout.restore(beginning);
        expect(run(rollout, 5)).to.deep.equal(first);
        run(other, 3);
        other.restore(middle);
        expect(run(other, 5)).to.deep.equal(then);
        expect(other.snapshot()).to.deep.equal(end);
      });

      it('gives the same with one window or many, and other losses under another theta', () => {
        const problem = quadratic(), whole = run(start(problem, name), 12), pieces = start(problem, name);
        expect([run(pieces, 1), run(pieces, 4), run(pieces, 7)].flat()).to.deep.equal(whole);
        const other = run(start(problem, name, thetaOf(name, 2)), 12);
        expect(other[0]).to.equal(whole[0]);
        other.slice(1).forEach((x, k) => expect(x, `step ${k + 1}`).not.to.equal(whole[k + 1]!));
      });

      it('starts from the theta of its first step, not from one that was set before', () => {
        const problem = quadratic(), expected = run(start(problem, name), 5), rollout = start(problem, name, thetaOf(name, 2));
        run(rollout, 3);
        rollout.restore(start(problem, name).snapshot());
        rollout.setTheta(thetaOf(name));
        expect(run(rollout, 5)).to.deep.equal(expected);
      });

      it('refuses a theta of another rule', () => {
        expect(() => start(quadratic(), name, thetaOf(name).subarray(1)))
          .to.throw(L2OError, String(ruleInfo(name).thetaSize)).with.property('code', 'INVALID_THETA');
      });

      it('stops where the loss is no longer finite, and changes nothing by a step that it does not make', () => {
        const rollout = start(quadratic(), name, thetaOf(name), {learningRate: 1e25}), losses = new Float32Array(20), made = rollout.run(20, losses);
        expect(made).to.be.within(1, 19);
        expect(Math.abs(losses[made]!) < 1e30).to.equal(false);
        const state = rollout.snapshot();
        expect(state.step).to.equal(made);
        expect(rollout.run(5, losses)).to.equal(0);
        expect(rollout.snapshot()).to.deep.equal(state);
      });

      it('makes no step from a gradient that is not finite', () => {
        // The loss is finite, but its gradient has 1e25 · 1e14 in it.
        const problem = quadratic(), {inputs} = problem.splits.train, huge = inputs.map((_, i) => (i === 0 ? 1e25 : 0));
        const [first, ...rest] = problem.parameters, answers = new Float32Array(problem.splits.train.answers.length);
        const split = {...problem.splits.train, inputs: huge, answers};
        const parameters = [{...first!, values: Float32Array.of(1e-11)}, ...rest];
        const rollout = start({...problem, parameters, splits: {train: split, validation: split}}, name);
        const state = rollout.snapshot(), losses = new Float32Array(2);
        expect(rollout.run(2, losses)).to.equal(0);
        expect(losses[0]!).to.be.within(1e27, 1e29);
        expect(rollout.snapshot()).to.deep.equal(state);
      });
    });
  }
});
