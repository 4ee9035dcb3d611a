import {expect} from 'chai';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {L2OError} from '../../src/errors.js';
import {loadFashionMnist, parseIdx} from '../../src/tasks/fashion-mnist.js';

function idx(shape: readonly number[], values: readonly number[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint8(2, 8);
  header.setUint8(3, shape.length);
  shape.forEach((size, i) => header.setUint32(4 + 4 * i, size));
  return Uint8Array.from([...new Uint8Array(header.buffer), ...values]);
}

describe('loadFashionMnist', () => {
  let folder = '';
  const put = (name: string, bytes: Uint8Array): void => writeFileSync(join(folder, `${name}-ubyte.gz`), gzipSync(bytes));
  const load = (sizes = {train: 6, validation: 3, test: 2}): ReturnType<typeof loadFashionMnist> => loadFashionMnist({folder, sizes});
  /** Images of 2×2 pixels that all have the image's own number; its label is the number modulo 10. */
  const putPart = (prefix: string, count: number): void => {
    const numbers = Array.from({length: count}, (_, i) => i);
    put(`${prefix}-images-idx3`, idx([count, 2, 2], numbers.flatMap((i) => [i, i, i, i])));
    put(`${prefix}-labels-idx1`, idx([count], numbers.map((i) => i % 10)));
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'l2o-'));
    putPart('train', 12);
    putPart('t10k', 5);
  });
  afterEach(() => rmSync(folder, {recursive: true}));

  it('takes train and validation from the training images, without overlap, and test from the test images', () => {
    const {train, validation, test} = load();
    expect(train).to.include({numExamples: 6, numFeatures: 4, numClasses: 10});
    const numbersOf = ({features}: {features: Float32Array}): number[] =>
      [...features].filter((_, i) => i % 4 === 0).map((value) => Math.round(value * 255));
    const drawn = [...numbersOf(train), ...numbersOf(validation)];
    expect(new Set(drawn).size).to.equal(9);
    expect(Math.max(...numbersOf(test))).to.be.below(5);
    expect([...train.labels]).to.deep.equal(numbersOf(train).map((number) => number % 10));
    expect(load()).to.deep.equal({train, validation, test});
  });

  it('names the package where files are missing', () => {
    rmSync(join(folder, 't10k-labels-idx1-ubyte.gz'));
    expect(() => load()).to.throw(L2OError, 'apt-get install dataset-fashion-mnist').with.property('code', 'DATA_MISSING');
  });

  it('notices damage', () => {
    const damage: Record<string, () => void> = {
      'no whole gzip': () => writeFileSync(join(folder, 'train-images-idx3-ubyte.gz'), 'not gzip'),
      'not 3': () => put('train-images-idx3', idx([12], new Array<number>(12).fill(0))),
      'one label for each': () => put('t10k-labels-idx1', idx([4], [1, 2, 3, 4])),
      'above 9': () => put('t10k-labels-idx1', idx([5], [1, 2, 3, 4, 10])),
    };
    for (const [reason, harm] of Object.entries(damage)) {
      putPart('train', 12);
      putPart('t10k', 5);
      harm();
      expect(() => load(), reason).to.throw(L2OError, reason).with.property('code', 'CORRUPT_FILE');
    }
  });

  it('refuses to draw more than there is', () => {
    expect(() => load({train: 10, validation: 3, test: 2})).to.throw(L2OError).with.property('code', 'INVALID_ARGUMENT');
    expect(() => load({train: 1, validation: 1, test: 6})).to.throw(L2OError).with.property('code', 'INVALID_ARGUMENT');
  });
});

describe('parseIdx', () => {
  it('reads shape and values', () => {
    const {shape, values} = parseIdx(idx([2, 3], [1, 2, 3, 4, 5, 6]), 'file');
    expect([...shape]).to.deep.equal([2, 3]);
    expect([...values]).to.deep.equal([1, 2, 3, 4, 5, 6]);
  });

  it('refuses other types, other lengths and short headers', () => {
    const good = idx([2], [1, 2]);
    for (const bytes of [new Uint8Array(0), good.slice(0, 6), good.slice(0, -1), good.with(2, 9), good.with(0, 1)]) {
      expect(() => parseIdx(bytes, 'file')).to.throw(L2OError).with.property('code', 'CORRUPT_FILE');
    }
  });
});
