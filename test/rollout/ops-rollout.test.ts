import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {Random} from '../../src/random.js';
import {RolloutEngine} from '../../src/rollout/engine.js';
import type {EngineRule} from '../../src/rollout/engine-layout.js';
import {OpsRollout} from '../../src/rollout/ops-rollout.js';
import type {RolloutOptions} from '../../src/rollout/rollout.js';
import {countParams, mlpProblem, type MlpTask} from '../../src/tasks/mlp-task.js';
import type {Task} from '../../src/tasks/task-family.js';
import {defaultTheta} from '../../src/theta/default-theta.js';
import {forEachBackend} from '../support/backends.js';
import {mlpAsTask} from './mlp-as-task.js';

const ORIGIN = {family: 'test tasks', seed: 5};
const SEED = 11;

function mlp(loss: MlpTask['loss'], activation: MlpTask['activation']): MlpTask {
  const random = new Random(3), sizes = [6, 9, 3], numExamples = 40, numValidation = 10, rows = numExamples + numValidation;
  const count = countParams(sizes), scales = Float32Array.from({length: count}, () => random.logUniform(0.5, 2));
  return {
    sizes, activation, loss, batchSize: 16, numExamples, numValidation, features: random.normals(rows * 6), scales,
    labels: Int32Array.from({length: rows}, () => random.integer(3)), targets: random.normals(rows * 3),
    initialParams: random.normals(count, 0.4).map((p, i) => p / scales[i]!),
  };
}

const RULES: ReadonlyArray<Partial<RolloutOptions> & {rule: EngineRule}> = [
  {rule: 'tensor-lstm', learningRate: 1, horizon: 100}, {rule: 'tensor-lstm', learningRate: 1, hasLoss: false},
  {rule: 'adam', learningRate: 0.01}, {rule: 'sgd', learningRate: 0.05}, {rule: 'sgd', learningRate: 0.05, momentum: 0.9},
];

function optionsOf(rule: (typeof RULES)[number]): RolloutOptions {
  return {horizon: 0, hasLoss: true, learningRate: 1, ...rule};
}

/** A rollout of `task` by tf ops under the shipped theta. */
function opsRollout(task: Task, options: Partial<RolloutOptions> = {}): OpsRollout {
  const rollout = new OpsRollout(task, ORIGIN, {rule: 'tensor-lstm', learningRate: 1, horizon: 50, hasLoss: true, ...options});
  rollout.setTheta(defaultTheta().values);
  return rollout;
}

function run(rollout: {run(steps: number, losses: Float32Array): number}, steps: number): number[] {
  const losses = new Float32Array(steps);
  return [...losses.subarray(0, rollout.run(steps, losses) === steps ? steps : 0)];
}

forEachBackend(['cpu', 'wasm', 'node'], () => {
  describe('OpsRollout and the compiled engine', () => {
    for (const rule of RULES) {
      for (const [loss, activation] of [['softmaxCrossEntropy', 'relu'], ['meanSquaredError', 'tanh']] as const) {
        it(`make the same losses to 1e-4 over 20 steps: ${JSON.stringify(rule)}, ${loss}, ${activation}`, () => {
          const task = mlp(loss, activation), engine = RolloutEngine.create(), loaded = engine.load(mlpProblem(task, SEED)), options = optionsOf(rule);
          const compiled = engine.start(loaded, options), ops = opsRollout(mlpAsTask(task, SEED), options);
          compiled.setTheta(defaultTheta().values);
          const expected = run(compiled, 20), got = run(ops, 20);
          expect(got).to.have.length(20);
          expected.forEach((x, k) => expect(Math.abs(got[k]! - x) / x, `step ${k}`).to.be.below(1e-4));
          expect(ops.evaluate('validation', 1).loss).to.be.closeTo(compiled.evaluateWhole('validation').loss, 1e-3);
          ops.dispose();
        });
      }
    }
  });
});

describe('OpsRollout', () => {
  for (const rule of RULES) {
    it(`goes on from a snapshot bit for bit, in itself and in another: ${JSON.stringify(rule)}`, () => {
      const task = (): Task => mlpAsTask(mlp('softmaxCrossEntropy', 'relu'), SEED);
      const rollout = opsRollout(task(), rule), other = opsRollout(task(), rule);
      const start = rollout.snapshot();
      const first = run(rollout, 5), middle = structuredClone(rollout.snapshot()), then = run(rollout, 5);
      rollout.restore(middle);
      expect(run(rollout, 5)).to.deep.equal(then);
      rollout.restore(start);
      expect(run(rollout, 5)).to.deep.equal(first);
      other.restore(middle);
      expect(run(other, 5)).to.deep.equal(then);
      rollout.dispose();
      other.dispose();
    });

    it(`leaks no tensor: ${JSON.stringify(rule)}`, () => {
      const before = tf.memory().numTensors;
      const rollout = opsRollout(mlpAsTask(mlp('meanSquaredError', 'elu'), SEED), rule);
      run(rollout, 2);
      const running = tf.memory().numTensors;
      run(rollout, 20);
      rollout.evaluate();
      rollout.restore(rollout.snapshot());
      expect(tf.memory().numTensors).to.equal(running);
      rollout.dispose();
      expect(tf.memory().numTensors).to.equal(before);
    });
  }

  it('uses the gradients of the task itself and disposes batches', () => {
    const before = tf.memory().numTensors;
    let disposed = 0;
    const task: Task<{x: tf.Tensor}> = {
      init: () => ({w: tf.ones([2])}),
      loss: ({w}) => tf.sum(w!),
      *batches() {
        for (;;) yield {x: tf.ones([3])};
      },
      gradients: ({w}, _batch, step) => ({loss: tf.sum(w!), gradients: {w: tf.fill([2], step)}}),
      dispose: () => disposed++,
    };
    const rollout = opsRollout(task, {rule: 'sgd', learningRate: 1});
    expect(run(rollout, 4)).to.deep.equal([2, 2, 0, -4]);
    rollout.dispose();
    expect(disposed).to.equal(1);
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('stops where the loss is no longer finite', () => {
    const rollout = opsRollout({init: () => ({w: tf.scalar(1)}), loss: ({w}: tf.NamedTensorMap) => tf.sum(tf.square(w!)), *batches() { for (;;) yield 0; }}, {rule: 'sgd', learningRate: 1e6});
    const losses = new Float32Array(20), made = rollout.run(20, losses);
    expect(made).to.be.within(1, 5);
    expect(Math.abs(losses[made]!)).to.be.at.least(1e30);
    rollout.dispose();
  });

  const good: Task<undefined> = {init: () => ({w: tf.ones([2])}), loss: ({w}) => tf.sum(w!), *batches() { for (;;) yield undefined; }};
  const FAULTS: Record<string, [Partial<Task<undefined>>, RegExp]> = {
    'a loss that is no scalar': [{loss: ({w}) => tf.square<tf.Scalar>(w as tf.Scalar)}, /step 0: expected the loss to be a scalar, got a float32 tensor of shape \[2\]/],
    'a loss that is no tensor': [{loss: () => 3 as unknown as tf.Scalar}, /expected the loss to be a scalar, got 3/],
    'a loss that is not finite': [{loss: ({w}) => tf.sum(tf.log(tf.neg(w!)))}, /expected a loss that is finite at the initial parameters, got NaN/],
    'a parameter that the loss ignores': [{init: () => ({w: tf.ones([2]), idle: tf.ones([1])})}, /no gradient for 'idle'/],
    'a loss that ignores all parameters': [{loss: () => tf.scalar(1)}, /no gradient for 'w'/],
    'gradients of another shape': [{gradients: ({w}) => ({loss: tf.sum(w!), gradients: {w: tf.ones([3])}})}, /gradient of shape \[2\] for 'w', got a float32 tensor of shape \[3\]/],
    'a loss that throws': [{loss: () => { throw new Error('boom'); }}, /got the error "boom"/],
    'batches that end': [{*batches() { yield undefined; }}, /step 1: expected train batches without end, got 1/],
    'no parameters': [{init: () => ({})}, /named float32 tensors, got none/],
    'a parameter of another dtype': [{init: () => ({w: tf.ones([2], 'int32')})}, /'w' as a int32 tensor/],
  };
  for (const [what, [change, message]] of Object.entries(FAULTS)) {
    it(`names family, seed and step, and says how to run it alone: ${what}`, () => {
      const before = tf.memory().numTensors;
      let rollout: OpsRollout | undefined;
      expect(() => {
        rollout = opsRollout({...good, ...change});
        run(rollout, 3);
      }).to.throw(L2OError, message).with.property('message').that.matches(/^task family 'test tasks', task seed 5, step \d: .*await checkTask\(\{tasks: family, seed: 5, steps: \d\}\)/);
      rollout?.dispose();
      expect(tf.memory().numTensors).to.equal(before);
    });
  }
});
