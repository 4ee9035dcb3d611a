import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {matchVariables} from '../../src/optimizer/match-variables.js';
import type {VariableState} from '../../src/optimizer/saved-state.js';

/** A name and a shape. */
type Named = readonly [string, readonly number[]];

/** Which state each variable gets, by name. */
function matched(variables: readonly Named[], states: readonly Named[], mustMatch = true): Array<string | undefined> {
  const live = variables.map(([name, shape]) => tf.tidy(() => tf.variable(tf.zeros([...shape]), true, name)));
  try {
    const matches = matchVariables(live, states.map(([name, shape], group): VariableState => ({
      name, shape, group, slots: new Float32Array(0), tensorSlots: new Float32Array(0),
    })), mustMatch);
    return live.map(v => matches.get(v)?.name);
  } finally {
    tf.dispose(live);
  }
}

describe('matchVariables', () => {
  it('goes by exact name where all are there, in whatever order', () => {
    expect(matched([['d/kernel', [2]], ['d/bias', [2]]], [['d/bias', [2]], ['d/kernel', [2]]])).to.deep.equal(['d/kernel', 'd/bias']);
    expect(matched([['d/kernel_1', [2]]], [['d/kernel', [2]], ['d/kernel_1', [2]]])).to.deep.equal(['d/kernel_1']);
  });

  it('goes by name without the counter where TF.js has renamed variables, in order', () => {
    const states: Named[] = [['a/kernel', [2]], ['a/bias', [2]], ['b/kernel_1', [2]]];
    expect(matched([['a/kernel_3', [2]], ['a/bias_3', [2]], ['b/kernel_4', [2]]], states)).to.deep.equal(['a/kernel', 'a/bias', 'b/kernel_1']);
    expect(matched([['b/kernel_4', [2]], ['a/bias_3', [2]]], states)).to.deep.equal(['b/kernel_1', 'a/bias']);
  });

  it('keeps apart weights whose own names end in a number', () => {
    const states: Named[] = [['c/w_1', [2]], ['c/w_2', [2]], ['c/bias', [3]]];
    expect(matched([['c/w_1_1', [2]], ['c/w_2_1', [2]], ['c/bias_1', [3]]], states)).to.deep.equal(['c/w_1', 'c/w_2', 'c/bias']);
  });

  it('leaves a variable without a counterpart new', () => {
    expect(matched([['a/kernel_1', [2]], ['new/kernel', [3]]], [['a/kernel', [2]], ['a/bias', [1]]])).to.deep.equal(['a/kernel', undefined]);
  });

  it('takes variables that were never named by position: TF.js numbers them from where it stands', () => {
    expect(matched([['17', [2, 3]], ['18', [3]]], [['0', [2, 3]], ['1', [3]]])).to.deep.equal(['0', '1']);
    // Numbers that overlap say no more than others.
    expect(matched([['901', [4]], ['902', [4]]], [['900', [4]], ['901', [4]]])).to.deep.equal(['900', '901']);
    expect(matched([['901', [2, 3]], ['902', [3]]], [['900', [2, 3]], ['901', [3]]])).to.deep.equal(['900', '901']);
  });

  it('has nothing to do without states, or for variables without elements', () => {
    expect(matched([['a', [2]]], [])).to.deep.equal([undefined]);
    expect(matched([['a', [0]]], [['b', [2]]])).to.deep.equal([undefined]);
    expect(matched([['e', [0]], ['a', [2]]], [['a', [2]]])).to.deep.equal([undefined, 'a']);
  });

  it('takes nothing by position, and refuses nothing, where the states may be those of others', () => {
    expect(matched([['b/kernel', [2]]], [['a/kernel', [2]]], false)).to.deep.equal([undefined]);
    expect(matched([['b/kernel', [2]]], [['a/kernel', [2]]], true)).to.deep.equal(['a/kernel']);
  });

  it('refuses a counterpart of another shape, and variables of which none has one, by their names', () => {
    for (const [variables, words] of [[[['a/kernel_1', [3]]], ['a/kernel', '[2]', '[3]']], [[['b/kernel', [2]], ['b/bias', [1]]], ['b/kernel', 'a/kernel']]] as const) {
      let caught: unknown;
      try {
        matched(variables, [['a/kernel', [2]]]);
      } catch (error) {
        caught = error;
      }
      expect(caught).to.be.an.instanceOf(L2OError).with.property('code', 'INVALID_WEIGHTS');
      for (const word of words) expect((caught as L2OError).message).to.include(word);
    }
  });
});
