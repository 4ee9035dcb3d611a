import {expect} from 'chai';
import {runInNewContext} from 'node:vm';
import {OwnHeap} from '../../src/kernel/heap.js';
import {isShared} from '../../src/kernel/wasm-backend.js';
import {Random} from '../../src/random.js';

describe('a memory of our own', () => {
  it('gives out blocks that do not overlap, and has all of it again once they are given back, in any order', () => {
    const heap = new OwnHeap(), random = new Random(1);
    let live: Array<{pointer: number; floats: number}> = [];
    for (let k = 0; k < 3000; k++) {
      if (live.length > 0 && random.chance(0.48)) {
        const [block] = live.splice(random.integer(live.length), 1);
        heap.free(block!.pointer, block!.floats);
      } else {
        const floats = random.integer(500), pointer = heap.allocate(floats);
        expect(pointer % 64).to.equal(0);
        expect(live.every(other => other.pointer + 4 * other.floats <= pointer || pointer + 4 * floats <= other.pointer), `block ${k}`).to.equal(true);
        live.push({pointer, floats});
      }
      if (k % 500 === 499) {
        for (const {pointer, floats} of live) heap.free(pointer, floats);
        live = [];
        expect(heap.usedBytes).to.equal(0);
      }
    }
  });

  it('serves arrays of another size with what was given back', () => {
    const heap = new OwnHeap();
    for (let k = 0; k < 100; k++) {
      const floats = 2 ** 22 + 16 * k;
      heap.free(heap.allocate(floats), floats);
    }
    expect(heap.memory.buffer.byteLength).to.be.at.most(2 ** 26);
    const blocks = [1000, 3000, 2000, 1000].map(floats => ({floats, pointer: heap.allocate(floats)})), used = heap.usedBytes;
    for (const {floats, pointer} of blocks.slice(0, 3)) heap.free(pointer, floats);
    expect(heap.allocate(6000), 'three neighbours as one').to.equal(blocks[0]!.pointer);
    expect(heap.usedBytes).to.equal(used);
  });
});

describe('isShared', () => {
  it('tells a memory that threads share by what it is, also where its buffer is of another context, as in Jest', () => {
    const of = (code: string): boolean => isShared({buffer: runInNewContext(code) as ArrayBuffer} as WebAssembly.Memory);
    expect([of('new ArrayBuffer(8)'), of('new SharedArrayBuffer(8)')]).to.deep.equal([false, true]);
    expect([isShared(new WebAssembly.Memory({initial: 1})), isShared(new WebAssembly.Memory({initial: 1, maximum: 1, shared: true}))]).to.deep.equal([false, true]);
  });
});
