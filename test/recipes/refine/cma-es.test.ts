import {expect} from 'chai';
import {initialCmaState, nextCmaState, samplesOf, type CmaState} from '../../../recipes/refine/cma-es.js';
import {Random} from '../../../src/random.js';

function search(value: (x: readonly number[]) => number, start: readonly number[], numGenerations: number, from = initialCmaState(start, 0.5)): CmaState {
  let state = from;
  for (let g = 0; g < numGenerations; g++) {
    const samples = samplesOf(state, 12, new Random(5).fork(state.generation));
    state = nextCmaState(state, samples.sort((a, b) => value(a) - value(b)));
  }
  return state;
}

describe('cma-es', () => {
  it('finds the minimum of an ill-conditioned quadratic along the axes', () => {
    const value = (x: readonly number[]): number => x.reduce((sum, xi, i) => sum + 10 ** i * (xi - i) ** 2, 0);
    const {mean, variances} = search(value, [3, -2, 4, 0, 1], 300);
    mean.forEach((m, i) => expect(m, `coordinate ${i}`).to.be.closeTo(i, 1e-4));
    expect(variances[0]! / variances[4]!).to.be.above(100);
  });

  it('goes on from its state as if it had never stopped', () => {
    const value = (x: readonly number[]): number => Math.hypot(...x);
    const once = search(value, [1, 2], 20), twice = search(value, [], 10, JSON.parse(JSON.stringify(search(value, [1, 2], 10))) as CmaState);
    expect(twice).to.deep.equal(once);
  });

  it('wanders where ranks say nothing, and keeps its step size', () => {
    const noise = new Random(9), {sigma} = search(() => noise.next(), [0, 0, 0, 0, 0, 0], 100);
    expect(sigma).to.be.within(0.05, 5);
  });
});
