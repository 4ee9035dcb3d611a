import {expect} from 'chai';
import {chunkTable, layOut, tensorTable, variableTable} from '../../src/kernel/gpu-layout.js';
import {L2OError} from '../../src/index.js';
import {Random} from '../../src/random.js';

describe('layOut', () => {
  const random = new Random(3);
  const cases = [[1], [4], [5], [1, 1, 1], [3, 4, 5, 127], [100_003], Array.from({length: 40}, () => 1 + Math.floor(2000 * random.uniform() ** 3))];

  for (const sizes of cases) {
    it(`gives every texel of every variable one chunk, with room for the loss behind them, for ${sizes.length} variables of ${sizes[0]}…`, () => {
      const layout = layOut(sizes), {starts, numTexels, plane, chunks, chunksOf} = layout;
      expect(numTexels).to.equal(sizes.reduce((sum, size) => sum + Math.ceil(size / 4), 0));
      expect(plane.rows * plane.columns).to.be.at.least(numTexels + 1);
      expect((plane.rows - 1) * plane.columns, 'no empty row').to.be.at.most(numTexels);
      expect(Math.log2(plane.columns) % 1).to.equal(0);
      const owner = new Array<number>(numTexels).fill(-1);
      for (const {start, end, variable} of chunks) {
        for (let texel = start; texel < end; texel++) {
          expect(owner[texel]).to.equal(-1);
          owner[texel] = variable;
        }
      }
      const table = variableTable(layout);
      expect(owner).to.deep.equal(Array.from({length: numTexels}, (_, texel) => table[4 * texel]!));
      sizes.forEach((size, i) => {
        expect(owner.indexOf(i)).to.equal(starts[i]);
        expect(owner.lastIndexOf(i)).to.equal(starts[i]! + Math.ceil(size / 4) - 1);
        const {first, end} = chunksOf[i]!;
        expect(chunks.slice(first, end).every(c => c.variable === i)).to.equal(true);
      });
      expect(chunkTable(layout)).to.have.lengthOf(4 * chunks.length);
    });
  }

  it('refuses more parameters than its tables can count, with what to do', () => {
    expect(() => layOut([1 << 26])).to.throw(L2OError, 'wasm or node').with.property('code', 'INVALID_ARGUMENT');
    expect(layOut([(1 << 26) - 4]).plane).to.deep.equal({rows: 4096, columns: 4096});
  });

  it('tells of each variable its chunks, size, decay and the features of its shape', () => {
    const table = tensorTable(layOut([6, 4]), [[2, 3], [4]], [0.5, 0]);
    const close = [0, 1, 6, 0.5, Math.log(6) / 5 - 1, 1, 0, (Math.log(6) - 2 * Math.log(3)) / 4, 1, 2, 4, 0, Math.log(4) / 5 - 1, 0, 0, 0];
    close.forEach((value, i) => expect(table[i]).to.be.closeTo(value, 1e-6));
  });
});
