import {expect} from 'chai';
import {IterateAverage} from '../../../bench/sensitivity/iterate-average.js';
import {openRollout} from '../../../src/rollout/open-rollout.js';
import type {EngineRollout} from '../../../src/rollout/engine-rollout.js';
import {Random} from '../../../src/random.js';
import {quadraticFamily} from '../../../src/tasks/families/quadratic.js';

function start(): EngineRollout {
  const family = quadraticFamily({dimension: [3, 3]});
  return openRollout(family.sample(new Random(1)), {family: family.name, seed: 1}, {rule: 'sgd', learningRate: 0.01, horizon: 0, hasLoss: true}) as EngineRollout;
}

describe('the average of iterates', () => {
  it('is the mean over the last share of the steps, and leaves the run alone', () => {
    const rollout = start(), plain = start(), whole = new IterateAverage(rollout, 1), last = new IterateAverage(rollout, 0.01), iterates: Float32Array[] = [];
    for (let made = 1; made <= 8; made++) {
      rollout.run(1, new Float32Array(1));
      plain.run(1, new Float32Array(1));
      iterates.push(rollout.parameters());
      whole.take(1, made);
      last.take(1, made);
    }
    const mean = iterates[0]!.map((_, i) => iterates.reduce((sum, x) => sum + x[i]! / iterates.length, 0));
    expect(whole.loss('train', 2)).to.be.closeTo((rollout.lossAt(mean, 'train', 0) + rollout.lossAt(mean, 'train', 1)) / 2, 1e-5);
    expect(last.loss('train', 2)).to.be.closeTo(rollout.evaluate('train', 2).loss, 1e-5);
    expect(whole.loss('train', 2)).to.be.above(last.loss('train', 2));
    expect(rollout.parameters()).to.deep.equal(plain.parameters());
    for (const one of [rollout, plain]) one.dispose();
  });
});
