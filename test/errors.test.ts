import {expect} from 'chai';
import {L2OError} from '../src/index.js';

describe('L2OError', () => {
  it('is an Error with a name, a code, a message, and a cause where there is one', () => {
    const cause = new Error('disk full'), error = new L2OError('CORRUPT_FILE', 'expected a, got b. Do c.', {cause});
    expect(error).to.be.an.instanceOf(Error).and.an.instanceOf(L2OError);
    expect(error).to.include({name: 'L2OError', code: 'CORRUPT_FILE', message: 'expected a, got b. Do c.', cause});
    expect(String(error)).to.equal('L2OError: expected a, got b. Do c.');
    expect(new L2OError('DISPOSED', 'x')).to.not.have.property('cause');
  });
});
