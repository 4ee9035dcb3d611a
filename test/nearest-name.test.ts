import {expect} from 'chai';
import {editDistance, nearestName} from '../src/nearest-name.js';

describe('nearestName', () => {
  it('counts insertions, deletions, replacements and swaps of neighbours', () => {
    expect(editDistance('', 'abc')).to.equal(3);
    expect(editDistance('wasm', 'wasm')).to.equal(0);
    expect(editDistance('wsam', 'wasm')).to.equal(1);
    expect(editDistance('kitten', 'sitting')).to.equal(3);
  });

  it('finds what was meant, whatever its case', () => {
    expect(nearestName('--step', ['--seed', '--steps', '--out'])).to.equal('--steps');
    expect(nearestName('Fashion-mnst', ['digits', 'fashion-mnist'])).to.equal('fashion-mnist');
    expect(nearestName('WASM', ['cpu', 'wasm'])).to.equal('wasm');
  });

  it('suggests nothing where nothing is near', () => {
    expect(nearestName('quux-quux', ['cpu', 'wasm'])).to.equal(undefined);
    expect(nearestName('x', [])).to.equal(undefined);
  });
});
