import {expect} from 'chai';
import {Random} from '../../src/random.js';

describe('the state of a Random', () => {
  it('goes on from its state, also between the two normal numbers of a pair', () => {
    for (const used of [0, 1, 2, 5]) {
      const random = new Random(9);
      for (let i = 0; i < used; i++) random.normal();
      const other = Random.from(JSON.parse(JSON.stringify(random.state())) as ReturnType<Random['state']>);
      expect(Array.from({length: 8}, () => other.normal())).to.deep.equal(Array.from({length: 8}, () => random.normal()));
      expect(other.fork('x').next()).to.equal(random.fork('x').next());
      expect(other.next()).to.equal(random.next());
    }
  });
});
