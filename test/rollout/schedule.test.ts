import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {Random} from '../../src/random.js';
import {EngineRollout} from '../../src/rollout/engine-rollout.js';
import {openRollout} from '../../src/rollout/open-rollout.js';
import {OpsRollout} from '../../src/rollout/ops-rollout.js';
import type {Rollout, RolloutOptions} from '../../src/rollout/rollout.js';
import {mlpClassificationFamily} from '../../src/tasks/families/mlp-classification.js';
import {rosenbrockFamily} from '../../src/tasks/families/rosenbrock.js';
import type {Task} from '../../src/tasks/task-family.js';

const ORIGIN = {family: 'scheduled', seed: 1}, HORIZON = 12;
const RULES: Readonly<Record<string, Partial<RolloutOptions>>> = {
  'Adam + cosine': {rule: 'adam', learningRate: 0.03, schedule: 'cosine', horizon: HORIZON},
  'AdamW': {rule: 'adam', learningRate: 0.03, weightDecay: 0.5},
  'AdamW + cosine': {rule: 'adam', learningRate: 0.03, schedule: 'cosine', horizon: HORIZON, weightDecay: 0.5},
  'SGD + momentum + cosine': {rule: 'sgd', learningRate: 0.03, momentum: 0.9, schedule: 'cosine', horizon: HORIZON},
};
const optionsOf = (options: Partial<RolloutOptions>): RolloutOptions => ({rule: 'sgd', learningRate: 1, horizon: 0, hasLoss: true, ...options});
const network = mlpClassificationFamily({numExamples: 50, depth: 1, width: 6, activation: 'tanh', batchSize: 8});

function start(engine: 'compiled' | 'ops', options: Partial<RolloutOptions>): Rollout {
  const task = network.sample(new Random(4)), rollout = openRollout(engine === 'compiled' ? task : {...task}, ORIGIN, optionsOf(options));
  expect(rollout).to.be.instanceOf(engine === 'compiled' ? EngineRollout : OpsRollout);
  return rollout;
}

/** Parameters after so many steps. */
function after(rollout: Rollout, steps: number): Float32Array {
  expect(rollout.run(steps, new Float32Array(steps))).to.equal(steps);
  return rollout.probe().parameters();
}

/** A loss whose gradient is 1 everywhere. */
function slope(start: number): Task<undefined> {
  return {init: () => ({w: tf.tensor1d([start])}), loss: ({w}) => tf.sum(w!), *batches() { for (;;) yield undefined; }};
}

describe('Learning-rate schedules and weight decay of baselines', () => {
  it('SGD on a slope of 1 falls by the sum of the half cosine, and rests from the horizon on', () => {
    const rollout = new OpsRollout(slope(5), ORIGIN, optionsOf({learningRate: 0.1, schedule: 'cosine', horizon: 4}));
    const rates = [0, 1, 2, 3].map(k => 0.05 * (1 + Math.cos((Math.PI * k) / 4)));
    expect(after(rollout, 4)[0]).to.be.closeTo(5 - rates.reduce((a, b) => a + b, 0), 1e-6);
    expect(after(rollout, 3)[0]).to.be.closeTo(5 - rates.reduce((a, b) => a + b, 0), 1e-6);
    rollout.dispose();
  });

  it('AdamW shrinks parameters by rate times decay, beside a step of Adam that is the rate on a slope of 1', () => {
    const rollout = new OpsRollout(slope(5), ORIGIN, optionsOf({rule: 'adam', learningRate: 0.1, weightDecay: 0.2}));
    let expected = 5;
    for (let k = 0; k < 3; k++) expected = expected * (1 - 0.1 * 0.2) - 0.1;
    expect(after(rollout, 3)[0]).to.be.closeTo(expected, 1e-5);
    rollout.dispose();
  });

  for (const [name, rule] of Object.entries(RULES)) {
    it(`${name} is the same in both engines to 1e-4, beyond its horizon too`, () => {
      const compiled = start('compiled', rule), ops = start('ops', rule);
      for (const steps of [1, HORIZON - 1, 3]) {
        const expected = after(compiled, steps), got = after(ops, steps);
        expected.forEach((x, i) => expect(got[i]!, `parameter ${i}`).to.be.closeTo(x, 1e-4));
      }
      compiled.dispose();
      ops.dispose();
    });

    it(`${name} goes on from a snapshot bit for bit, and leaks no tensor`, () => {
      for (const engine of ['compiled', 'ops'] as const) {
        const before = tf.memory().numTensors, rollout = start(engine, rule);
        after(rollout, 5);
        const middle = rollout.snapshot(), then = after(rollout, 5);
        rollout.restore(middle);
        expect(after(rollout, 5)).to.deep.equal(then);
        rollout.dispose();
        expect(tf.memory().numTensors).to.equal(before);
      }
    });
  }

  it('changes no baseline without a schedule or decay', () => {
    for (const engine of ['compiled', 'ops'] as const) {
      const plain = start(engine, {rule: 'adam', learningRate: 0.01}), told = start(engine, {rule: 'adam', learningRate: 0.01, schedule: 'constant', horizon: 3});
      expect(after(plain, 6)).to.deep.equal(after(told, 6));
      plain.dispose();
      told.dispose();
    }
  });

  it('refuses weight decay for SGD', () => {
    expect(() => new OpsRollout(rosenbrockFamily().sample(new Random(1)), ORIGIN, optionsOf({rule: 'sgd', weightDecay: 0.1}))).to.throw(L2OError, /no weightDecay with the rule 'sgd'/);
  });
});
