import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {learnedOptimizer, RULE_NAMES, type RuleName} from '../../src/index.js';
import {L2OError} from '../../src/errors.js';
import {Random} from '../../src/random.js';
import {OpsRollout} from '../../src/rollout/ops-rollout.js';
import {ruleInfo} from '../../src/rules/registry.js';
import type {Task} from '../../src/tasks/task-family.js';
import {expectSame, valuesOf} from '../contract/training.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';

const ORIGIN = {family: 'ravines', seed: 3}, STEPS = 8;
const SHAPES = {kernel: [4, 3], bias: [3], gain: []} as const;
const OPTIONS = {learningRate: 0.5, horizon: 20, hasLoss: true} as const;

const thetaOf = (rule: RuleName): Float32Array => ruleInfo(rule).initialTheta(new Random(2));

/** Quadratics of different curvatures; `spoilAt` makes the loss of that step NaN. */
function ravine(spoilAt = -1): Task<number> {
  const init = (): Record<keyof typeof SHAPES, tf.Tensor> => {
    const random = new Random(1), drawn = (shape: readonly number[]): tf.Tensor => tf.tensor(random.normals(shape.reduce((a, b) => a * b, 1)), [...shape], 'float32');
    return {kernel: drawn(SHAPES.kernel), bias: drawn(SHAPES.bias), gain: drawn(SHAPES.gain)};
  };
  return {
    init,
    loss: ({kernel, bias, gain}, step) => tf.mul<tf.Scalar>(tf.addN([tf.sum(tf.square(kernel!)), tf.mul(tf.sum(tf.square(bias!)), 5), tf.square(tf.sub(gain!, step / 4))]), step === spoilAt ? NaN : 1),
    *batches() {
      for (let step = 0; ; step++) yield step;
    },
  };
}

function rolloutOf(rule: RuleName, task = ravine()): OpsRollout {
  const rollout = new OpsRollout(task, ORIGIN, {rule, ...OPTIONS});
  rollout.setTheta(thetaOf(rule));
  return rollout;
}

function run(rollout: OpsRollout, steps: number): number[] {
  const losses = new Float32Array(steps);
  expect(rollout.run(steps, losses)).to.equal(steps);
  return [...losses];
}

for (const rule of RULE_NAMES) {
  describe(`a rollout of ${rule} by tf ops`, () => {
    forEachBackend(BACKENDS, () => {
      it('has the losses, and the parameters, of a run under learnedOptimizer({rule, theta}), bit for bit', () => {
        const task = ravine(), initial = task.init(), variables = Object.fromEntries(Object.entries(initial).map(([name, value]) => [name, tf.variable(value)]));
        const optimizer = learnedOptimizer({rule, theta: thetaOf(rule), learningRate: OPTIONS.learningRate, numSteps: OPTIONS.horizon});
        const expected = Array.from({length: STEPS}, (_, step) => tf.tidy(() => optimizer.minimize(() => task.loss(variables, step), true, Object.values(variables))!.dataSync()[0]!));
        const rollout = rolloutOf(rule), losses = run(rollout, STEPS);
        expect(losses).to.deep.equal(expected);
        expect(new Set(losses).size).to.equal(STEPS);
        expectSame(Object.values(rollout.parameters()), valuesOf(Object.values(variables)));
        rollout.dispose();
        optimizer.dispose();
        tf.dispose([initial, variables] as tf.TensorContainer);
      });

      it('goes on from a snapshot bit for bit, in itself and in another, from before the first step too, and leaks nothing', () => {
        const before = tf.memory().numTensors, rollout = rolloutOf(rule), other = rolloutOf(rule);
        const start = structuredClone(rollout.snapshot()), first = run(rollout, 3), middle = structuredClone(rollout.snapshot()), then = run(rollout, 3);
        const pieces = middle.pieces.map(p => p.slice());
        for (const each of [rollout, other]) {
          each.restore(middle);
          expect(run(each, 3)).to.deep.equal(then);
          each.restore(start);
          expect(run(each, 3)).to.deep.equal(first);
          expectSame(each.snapshot().pieces, middle.pieces);
        }
        expectSame(middle.pieces, pieces);
        rollout.dispose();
        other.dispose();
        expect(tf.memory().numTensors).to.equal(before);
      });
    });

    it('ends where the loss is not finite, and changes nothing by that step', () => {
      const rollout = rolloutOf(rule, ravine(3)), losses = new Float32Array(6);
      expect(rollout.run(6, losses)).to.equal(3);
      const state = rollout.snapshot(), whole = rolloutOf(rule);
      run(whole, 3);
      expectSame(state.pieces, whole.snapshot().pieces);
      rollout.dispose();
      whole.dispose();
    });

    it('refuses to step without a theta', () => {
      const rollout = new OpsRollout(ravine(), ORIGIN, {rule, ...OPTIONS});
      expect(() => rollout.run(1, new Float32Array(1))).to.throw(L2OError, `'${rule}'`).with.property('code', 'INVALID_ARGUMENT');
      rollout.dispose();
    });
  });
}
