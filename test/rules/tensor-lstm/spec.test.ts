import {expect} from 'chai';
import {readFileSync} from 'node:fs';
import {
  CONSTANTS, FIRST_HIDDEN, LOSS_SLOTS, NUM_HIDDEN, NUM_INPUTS, NUM_LOSS_SLOTS, NUM_MIXED, NUM_OUTPUTS, NUM_PARAMETER_HIDDEN,
  NUM_TENSOR_SLOTS, OUTPUTS, PARAMETER_FEATURES, TENSOR_SLOTS, THETA_LAYOUT, THETA_SIZE, thetaEntry,
} from '../../../src/rules/tensor-lstm/spec.js';

/** Whether pieces, given as [offset, size], fill 0 … total without gap or overlap. */
function fills(pieces: readonly (readonly [number, number])[], total: number): boolean {
  let end = 0;
  for (const [offset, size] of [...pieces].sort(([a], [b]) => a - b)) {
    if (offset !== end) return false;
    end = offset + size;
  }
  return end === total;
}

describe('the layout of tensor-lstm', () => {
  it('leaves no gap and no overlap in theta, outputs and slots', () => {
    expect(fills(THETA_LAYOUT.map(({offset, size}) => [offset, size]), THETA_SIZE)).to.be.true;
    expect(fills([[OUTPUTS.logStep, 1], [OUTPUTS.hidden, NUM_PARAMETER_HIDDEN], [OUTPUTS.mix, NUM_MIXED]], NUM_OUTPUTS)).to.be.true;
    const {h, c, ...statistics} = TENSOR_SLOTS;
    expect(fills([[h, NUM_HIDDEN], [c, NUM_HIDDEN], ...Object.values(statistics).map(offset => [offset, 1] as const)], NUM_TENSOR_SLOTS)).to.be.true;
    expect(fills(Object.values(LOSS_SLOTS).map(offset => [offset, 1]), NUM_LOSS_SLOTS)).to.be.true;
  });

  it('mixes or hides every parameter feature, and mixes Adam\'s', () => {
    expect(FIRST_HIDDEN).to.be.at.most(NUM_MIXED);
    expect(PARAMETER_FEATURES.indexOf('adam')).to.be.lessThan(NUM_MIXED);
    expect(thetaEntry('hiddenKernel').shape).to.deep.equal([PARAMETER_FEATURES.length - FIRST_HIDDEN, NUM_PARAMETER_HIDDEN]);
    expect(thetaEntry('gateKernel').shape).to.deep.equal([NUM_INPUTS + NUM_HIDDEN, 4 * NUM_HIDDEN]);
  });

  it('names the weights that it does not have', () => {
    expect(() => thetaEntry('attention')).to.throw(RangeError, 'attention');
  });

  it('starts like tf.train.adam(1e-3)', () => {
    expect(Math.exp(CONSTANTS.LOG_STEP_START)).to.be.closeTo(1e-3, 1e-15);
    expect(CONSTANTS.LOG_STEP_START).to.be.within(CONSTANTS.LOG_STEP_MIN, CONSTANTS.LOG_STEP_MAX);
  });

  it('is the layout that the C sources are built with', () => {
    const header = readFileSync(new URL('../../../kernel/tensor_lstm_layout.h', import.meta.url), 'utf8');
    const defined = (name: string): number => Number(new RegExp(`^#define TL_${name} (\\S+?)f?$`, 'm').exec(header)?.[1]);
    expect(defined('THETA_SIZE')).to.equal(THETA_SIZE);
    for (const {name, offset} of THETA_LAYOUT) expect(defined(`OFFSET_${name}`), name).to.equal(offset);
    for (const [name, offset] of Object.entries(TENSOR_SLOTS)) expect(defined(`SLOT_${name}`), name).to.equal(offset);
    for (const [name, value] of Object.entries(CONSTANTS)) expect(defined(name), name).to.equal(value);
    PARAMETER_FEATURES.forEach((name, i) => expect(defined(`FEATURE_${name}`), name).to.equal(i));
  });
});
