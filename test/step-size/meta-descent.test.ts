import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {bisectStepSize, metaDescent} from '../../src/step-size/meta-descent.js';

describe('metaDescent', () => {
  it('makes the steps of its formula, and stops at 0', () => {
    const {stepSizes, nonFiniteAt} = metaDescent(eta => (eta < 1 ? -2 : 500), {initialStepSize: 1, numMetaSteps: 3, metaRate: 0.5});
    const expected = [1, 0, Math.SQRT1_2, Math.SQRT1_2 + 1 / Math.sqrt(3)];
    expect(stepSizes).to.have.length(expected.length);
    expected.forEach((value, k) => expect(stepSizes[k]).to.be.closeTo(value, 1e-15 * k));
    expect(nonFiniteAt).to.equal(undefined);
  });

  it('ends at a meta-gradient that is not finite, and says when', () => {
    for (const broken of [NaN, Infinity]) {
      let calls = 0;
      const result = metaDescent(() => (++calls < 3 ? 1 : broken), {initialStepSize: 1, numMetaSteps: 10});
      expect(result.nonFiniteAt).to.equal(3);
      expect(result.stepSizes).to.have.length(3);
    }
  });

  it('rejects a first step size below 0 or not finite', () => {
    for (const initialStepSize of [-1, NaN, Infinity]) {
      expect(() => metaDescent(() => 0, {initialStepSize, numMetaSteps: 1})).to.throw(L2OError).with.property('code', 'INVALID_ARGUMENT');
    }
  });
});

describe('bisectStepSize', () => {
  it('finds the change of sign from a guess on either side', () => {
    for (const guess of [1e-6, 0.02, 50]) expect(bisectStepSize(eta => eta - 0.03, guess)).to.be.closeTo(0.03, 1e-10);
  });

  it('says so where there is none', () => {
    expect(() => bisectStepSize(() => -1, 1)).to.throw(L2OError).with.property('code', 'NON_FINITE');
    expect(() => bisectStepSize(() => NaN, 1)).to.throw(L2OError).with.property('code', 'NON_FINITE');
  });
});
