import {expect} from 'chai';
import {boldFor} from '../../src/cli/style.js';

describe('boldFor', () => {
  it('styles for a terminal alone, and not where NO_COLOR is set', () => {
    expect(boldFor({isTTY: true}, {})('x')).to.equal('\u001b[1mx\u001b[22m');
    expect(boldFor({isTTY: true}, {NO_COLOR: ''})('x')).to.equal('\u001b[1mx\u001b[22m');
    expect(boldFor({isTTY: true}, {NO_COLOR: '0'})('x')).to.equal('x');
    expect(boldFor({}, {})('x')).to.equal('x');
  });
});
