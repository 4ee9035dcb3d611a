import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {L2OError, learnedOptimizer, type LearnedOptimizer} from '../../src/index.js';
import {ruleInfo} from '../../src/rules/registry.js';
import {NUM_PARAMETER_SLOTS, RULE_VERSION} from '../../src/rules/tensor-lstm/spec.js';
import {Bowl, minimize} from '../contract/bowl.js';
import {copyState, expectSame, stateOf} from '../contract/training.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';

type Weights = Awaited<ReturnType<LearnedOptimizer['getWeights']>>;

const SHAPES = [[4, 3], [5], []];

async function refusal(action: Promise<unknown>): Promise<L2OError> {
  const error: unknown = await action.then(() => undefined, (e: unknown) => e);
  expect(error).to.be.an.instanceOf(L2OError);
  return error as L2OError;
}

function release(weights: ReadonlyArray<Partial<Weights[number]> | null>): void {
  for (const entry of weights) entry?.tensor?.dispose();
}

/** Ways to damage a list of weights. */
const DAMAGES: Readonly<Record<string, (weights: Weights) => Weights>> = {
  'nothing at all': () => [],
  'no list': () => 'weights' as unknown as Weights,
  'no step counter': weights => weights.slice(1),
  'a step counter that does not come first': weights => [...weights.slice(1), weights[0]!],
  'no theta': weights => weights.filter(w => w.name !== 'l2o/theta'),
  'a theta of another size': weights => replaced(weights, 'l2o/theta', tf.zeros([7])),
  'another version': weights => replaced(weights, 'l2o/state', tf.tensor1d([99, 1, 3, 0, RULE_VERSION], 'int32')),
  'another version of the rule': weights => replaced(weights, 'l2o/state', tf.tensor1d([1, 1, 3, 0, RULE_VERSION + 1], 'int32')),
  'the theta of another rule': weights => replaced(weights, 'l2o/theta', tf.zeros([ruleInfo('rnnprop').thetaSize])),
  'more groups than there are': weights => replaced(weights, 'l2o/state', tf.tensor1d([1, 1_000_000_000, 3, 0, RULE_VERSION], 'int32')),
  'fewer groups than there are': weights => replaced(weights, 'l2o/state', tf.tensor1d([1, 0, 3, 0, RULE_VERSION], 'int32')),
  'more variables than there are': weights => replaced(weights, 'l2o/state', tf.tensor1d([1, 1, 1_000_000_000, 0, RULE_VERSION], 'int32')),
  'fewer variables than there are': weights => replaced(weights, 'l2o/state', tf.tensor1d([1, 1, 2, 0, RULE_VERSION], 'int32')),
  'a missing variable': weights => weights.filter(w => !w.name.startsWith('l2o/variables/1/')),
  'the last variable missing': weights => weights.filter(w => !w.name.startsWith('l2o/variables/2/')),
  'half a variable': weights => weights.filter(w => !/variables\/0\/.*tensor$/.test(w.name)),
  'the other half': weights => weights.filter(w => !/variables\/0\/.*parameter$/.test(w.name)),
  'an extra entry': weights => [...weights, {name: 'm', tensor: tf.zeros([2])}],
  'an entry twice': weights => [...weights, weights.at(-1)!],
  'two variables of one number': weights => [...weights, ...weights.filter(w => w.name.includes('variables/0/')).map(w => ({...w, name: w.name.replace(/\/[^/]+\/(\w+)$/, '/other/$1')}))],
  'misshaped slots': weights => weights.map(w => (/variables\/0\/.*parameter$/.test(w.name) ? {...w, tensor: tf.zeros([NUM_PARAMETER_SLOTS + 1, 4, 3])} : w)),
  'misshaped tensor slots': weights => weights.map(w => (/variables\/0\/.*tensor$/.test(w.name) ? {...w, tensor: tf.zeros([3])} : w)),
  'slots without a shape': weights => weights.map(w => (/variables\/0\/.*parameter$/.test(w.name) ? {...w, tensor: tf.scalar(1)} : w)),
  'an entry without a tensor': weights => weights.map(w => (/variables\/0\/.*parameter$/.test(w.name) ? {name: w.name} as Weights[number] : w)),
  'a disposed tensor': weights => {
    const gone = tf.zeros([1]);
    gone.dispose();
    return weights.map(w => (w.name === 'l2o/losses' ? {...w, tensor: gone} : w));
  },
  'an entry that is none': weights => [...weights, null as unknown as Weights[number]],
};

function replaced(weights: Weights, name: string, tensor: tf.Tensor): Weights {
  return weights.map(w => (w.name === name ? {name, tensor} : w));
}

describe('setWeights', () => {
  for (const [title, damage] of Object.entries(DAMAGES)) {
    it(`refuses ${title}, and the old state stays whole, bit for bit`, async () => {
      const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer(), fresh = learnedOptimizer();
      minimize(optimizer, bowl, 0, 3);
      const weights = await optimizer.getWeights(), state = await stateOf(optimizer), freshState = await stateOf(fresh);
      const damaged = damage(weights);
      for (const [target, before] of [[optimizer, state], [fresh, freshState]] as const) {
        const error = await refusal(target.setWeights(damaged));
        expect(error.code, error.message).to.equal('INVALID_WEIGHTS');
        expect(await stateOf(target)).to.deep.equal(before);
      }
      release([...weights, ...(Array.isArray(damaged) ? damaged : [])]);
      optimizer.dispose();
      fresh.dispose();
      bowl.dispose();
    });
  }

  it('refuses a theta that is not finite', async () => {
    const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer();
    minimize(optimizer, bowl, 0, 3);
    const weights = await optimizer.getWeights(), state = await stateOf(optimizer), theta = weights.find(w => w.name === 'l2o/theta')!.tensor;
    const error = await refusal(optimizer.setWeights(replaced(weights, 'l2o/theta', tf.tidy(() => tf.mul(theta, NaN)))));
    expect(error.code).to.equal('INVALID_THETA');
    expect(await stateOf(optimizer)).to.deep.equal(state);
    release(weights);
    optimizer.dispose();
    bowl.dispose();
  });

  it('refuses on an optimizer in use the state of other variables', async () => {
    const bowls = [new Bowl(SHAPES), new Bowl(SHAPES)] as const, optimizers = bowls.map(() => learnedOptimizer());
    bowls.forEach((bowl, i) => minimize(optimizers[i]!, bowl, 0, 3));
    const weights = await optimizers[0]!.getWeights(), state = await stateOf(optimizers[1]!);
    expect((await refusal(optimizers[1]!.setWeights(weights))).code).to.equal('INVALID_WEIGHTS');
    expect(await stateOf(optimizers[1]!)).to.deep.equal(state);
    release(weights);
    optimizers.forEach(o => o.dispose());
    bowls.forEach(b => b.dispose());
  });

  forEachBackend(BACKENDS, () => {
    it('takes the state of another model, which is refused at the first step, with nothing changed', async () => {
      const kernels = ['a/kernel', 'a/bias'], from = new Bowl([[4, 3], [3]], 1, kernels.map(n => `${n}_1`));
      const others = [new Bowl([[2, 3], [3]], 2, kernels.map(n => `${n}_2`)), new Bowl([[7], [2]], 3, ['b/kernel', 'b/bias'])];
      const source = learnedOptimizer();
      minimize(source, from, 0, 3);
      for (const other of others) {
        const target = learnedOptimizer();
        await copyState(source, target);
        const values = other.values(), state = await stateOf(target);
        for (let attempt = 0; attempt < 2; attempt++) {
          expect(() => minimize(target, other, 0, 1)).to.throw(L2OError).with.property('code', 'INVALID_WEIGHTS');
          expectSame(other.values(), values);
          expect(await stateOf(target)).to.deep.equal(state);
        }
        target.dispose();
      }
      source.dispose();
      from.dispose();
      others.forEach(o => o.dispose());
    });
  });
});
