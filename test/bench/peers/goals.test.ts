import {expect} from 'chai';
import {cheapestRules} from '../../../bench/peers/goals.js';
import type {StepRow} from '../../../bench/peers/protocol.js';

function row(peer: string, nsPerParam: number, numParams = 1_000_000): StepRow {
  const costs = {nsPerParam, oursNsPerParam: 4, ratio: nsPerParam / 4};
  return {peer, numParams, numVariables: 1, ...costs, wall: costs};
}

describe('goals beside Python’s libraries', () => {
  it('takes the cheapest learned rule of each, at a million parameters, not Adam', () => {
    const rows = [
      row('torch Adam', 1), row('learned_optimization Adam', 1), row('PyLO small', 200), row('PyLO large', 400), row('PyLO small', 10, 10_000),
      row('learned_optimization mlp, 2 × 32', 60), row('learned_optimization small_fc', 40),
    ];
    expect(cheapestRules(rows).cells).to.deep.equal([
      ['PyLO', 'small', '200', '4', '50', '12', '30', 'aim'],
      ['learned_optimization', 'small_fc', '40', '4', '10', '12', '30', 'no'],
    ]);
  });

  it('has no row for a library that could not be had', () => {
    expect(cheapestRules([row('PyLO small', 60)]).cells).to.deep.equal([['PyLO', 'small', '60', '4', '15', '12', '30', 'yes']]);
  });
});
