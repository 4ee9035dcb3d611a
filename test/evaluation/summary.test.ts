import {expect} from 'chai';
import type {Branch, Contender} from '../../src/evaluation/contender.js';
import {divergedByPlan, type FinishedTask} from '../../src/evaluation/summary.js';

/** Ends of runs, by seed, of one length for each list. */
function contender(starts: readonly number[], ...ends: ReadonlyArray<readonly number[]>): Contender {
  const branch = (losses: readonly number[]): Branch => ({steps: [10], losses: losses.map(loss => [loss])});
  return {branches: ends.map(branch), curve: {steps: [0], losses: starts.map(loss => [loss])}, validation: [], stopped: [], bestValidation: []};
}

describe('divergedByPlan', () => {
  const task = (right: Contender, ...wrong: ReadonlyArray<readonly ['half' | 'double', Contender]>): FinishedTask =>
    ({task: {} as FinishedTask['task'], runs: {ours: right, others: new Map(), wrongPlans: new Map(wrong)}});

  it('counts runs of every length that ended above their start or at no finite loss, by plan', () => {
    const starts = [1, 2], half = contender([], [0.5, Infinity], [1.5, 1.5]);
    expect(divergedByPlan([task(contender(starts, [1, 1], [0.5, NaN]), ['half', half]), task(contender(starts, [3, 3]), ['half', half])])).to.deep.equal({
      right: {numRuns: 6, diverged: 3}, half: {numRuns: 8, diverged: 4},
    });
  });

  it('has no wrong plans where none were run', () => {
    expect(divergedByPlan([task(contender([1], [0.5]))])).to.deep.equal({right: {numRuns: 1, diverged: 0}});
  });
});
