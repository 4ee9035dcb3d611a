import {expect} from 'chai';
import {L2OError, planSteps} from '../../src/index.js';

describe('planSteps', () => {
  it('counts batches, the last of which may be short, times epochs', () => {
    expect(planSteps({numExamples: 1197, batchSize: 50, epochs: 10})).to.equal(240);
    expect(planSteps({numExamples: 100, batchSize: 10, epochs: 3})).to.equal(30);
    expect(planSteps({numExamples: 1, batchSize: 1000, epochs: 1})).to.equal(1);
  });

  it('has the defaults of fit: batches of 32 and one epoch', () => {
    expect(planSteps({numExamples: 64})).to.equal(2);
    expect(planSteps({numExamples: 65})).to.equal(3);
  });

  it('refuses what is no integer of at least 1, by its name', () => {
    for (const name of ['numExamples', 'batchSize', 'epochs']) {
      for (const bad of [0, -1, 1.5, NaN, Infinity, '5', null]) {
        expect(() => planSteps({numExamples: 10, [name]: bad})).to.throw(L2OError, name).with.property('code', 'INVALID_ARGUMENT');
      }
    }
  });
});
