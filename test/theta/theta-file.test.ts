import {expect} from 'chai';
import {readFileSync} from 'node:fs';
import {L2OError} from '../../src/errors.js';
import {Random} from '../../src/random.js';
import {initialTheta} from '../../src/rules/tensor-lstm/initial-theta.js';
import {RULE_VERSION, THETA_LAYOUT, THETA_SIZE} from '../../src/rules/tensor-lstm/spec.js';
import {defaultTheta} from '../../src/theta/default-theta.js';
import {decodeTheta, encodeTheta, hashTheta, makeTheta} from '../../src/theta/theta-file.js';

const THETA = makeTheta(initialTheta(new Random(1)));
const FILE = encodeTheta(THETA, {recipe: 'näïve ✓'});

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: number[];
}

type Header = Record<string, Entry> & {__metadata__: Record<string, unknown>};

function headerOf(bytes: Uint8Array): {length: number; header: Header} {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return {length, header: JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Header};
}

/** The file with another header. */
function withHeader(change: (header: Header) => unknown, raw = (text: string): string => text): Uint8Array {
  const {length, header} = headerOf(FILE), result = change(header) ?? header;
  const text = new TextEncoder().encode(raw(JSON.stringify(result)));
  const bytes = new Uint8Array(8 + text.length + FILE.length - 8 - length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(FILE.subarray(8 + length), 8 + text.length);
  return bytes;
}

function withLength(length: bigint): Uint8Array {
  const bytes = FILE.slice();
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  return bytes;
}

function expectRefused(bytes: Uint8Array, code: string): void {
  const before = process.memoryUsage().arrayBuffers;
  expect(() => decodeTheta(bytes)).to.throw(L2OError).with.property('code', code);
  expect(process.memoryUsage().arrayBuffers - before, 'bytes allocated').to.be.lessThan(10 * FILE.length);
}

describe('a theta file', () => {
  it('comes back as it was, with its metadata, from bytes, from a part of a buffer, and from Node\'s Buffer', () => {
    const framed = new Uint8Array(FILE.length + 5);
    framed.set(FILE, 3);
    for (const bytes of [FILE, framed.subarray(3, 3 + FILE.length), Buffer.from(FILE), Buffer.concat([Buffer.alloc(5), FILE]).subarray(5)]) {
      const {theta, metadata} = decodeTheta(bytes);
      expect(theta).to.deep.equal(THETA);
      expect(metadata).to.include({recipe: 'näïve ✓', rule: 'tensor-lstm', hash: THETA.hash});
      expect(theta.values.buffer).to.not.equal(bytes.buffer);
    }
  });

  it('is a safetensors file: a header that fills whole words, and every entry in its place', () => {
    const {length, header: {__metadata__: _, ...entries}} = headerOf(FILE);
    expect(length % 8).to.equal(0);
    expect(Object.keys(entries)).to.have.members(THETA_LAYOUT.map(e => e.name));
    for (const {name, shape, offset, size} of THETA_LAYOUT) expect(entries[name]).to.deep.equal({dtype: 'F32', shape, data_offsets: [4 * offset, 4 * (offset + size)]});
  });

  it('cannot have its rule, version or hash overwritten by metadata', () => {
    const {metadata} = decodeTheta(encodeTheta(THETA, {rule: 'mine', ruleVersion: '99', hash: '0', format: 'mine'}));
    expect(metadata).to.include({rule: 'tensor-lstm', ruleVersion: String(RULE_VERSION), hash: THETA.hash});
  });

  it('that is cut short, at whatever byte, or too long, is refused', () => {
    const {length} = headerOf(FILE);
    for (const end of [0, 1, 7, 8, 9, 8 + length / 2, 7 + length, 8 + length, 9 + length, FILE.length - 4, FILE.length - 1]) expectRefused(FILE.subarray(0, end), 'CORRUPT_FILE');
    expectRefused(Uint8Array.from([...FILE, 0]), 'CORRUPT_FILE');
    expectRefused(Uint8Array.from([...FILE, ...new Uint8Array(4)]), 'CORRUPT_FILE');
  });

  it('whose header claims a wrong size, however large, is refused without room being made for it', () => {
    for (const length of [0n, 1n, BigInt(FILE.length), BigInt(FILE.length - 7), 2n ** 31n, 2n ** 32n + 8n, 2n ** 53n, 2n ** 64n - 1n]) expectRefused(withLength(length), 'CORRUPT_FILE');
  });

  it('whose header is garbage is refused', () => {
    for (const text of ['', 'null', '5', '"x"', '[]', '{', '{"__metadata__":', '\u0000\u0000', '{}{}', 'NaN']) expectRefused(withHeader(() => undefined, () => text), 'CORRUPT_FILE');
    const random = new Random(3);
    for (let i = 0; i < 50; i++) {
      const noise = Uint8Array.from({length: 8 + random.integer(400)}, () => random.integer(256));
      expectRefused(noise, 'CORRUPT_FILE');
    }
  });

  it('with entries of another dtype, shape or place is refused', () => {
    const first = THETA_LAYOUT[0]!.name, second = THETA_LAYOUT[1]!.name;
    const bad: Array<(header: Header) => unknown> = [
      header => void (header[first]!.dtype = 'F16'), header => void (header[first]!.dtype = 'I64'), header => void header[first]!.shape.reverse(),
      header => void (header[first]!.shape = [2 ** 40, 2 ** 40]), header => void (header[first]!.shape = [-1]), header => void (header[first]!.data_offsets = [0, 2 ** 50]),
      header => void (header[first]!.data_offsets = [-4, 0]), header => void (header[second]!.data_offsets = header[first]!.data_offsets),
      header => void (header[first] = null as unknown as Entry), header => void (header[first] = 5 as unknown as Entry), header => void Reflect.deleteProperty(header, second),
      header => void (header[second]!.data_offsets = header[second]!.data_offsets.map(x => x + 4)),
    ];
    for (const change of bad) expectRefused(withHeader(change), 'CORRUPT_FILE');
  });

  it('of another rule or version, of other weights than its hash says, or not finite, is no theta', () => {
    expectRefused(withHeader(h => void (h.__metadata__.rule = 'other')), 'INVALID_THETA');
    expectRefused(withHeader(h => void (h.__metadata__.ruleVersion = String(RULE_VERSION + 1))), 'INVALID_THETA');
    expectRefused(withHeader(h => void (h.__metadata__.hash = '0'.repeat(16))), 'INVALID_THETA');
    const flipped = FILE.slice();
    flipped[FILE.length - 9]! ^= 1;
    expectRefused(flipped, 'INVALID_THETA');
    const values = THETA.values.slice();
    values[5] = Infinity;
    expectRefused(encodeTheta({...THETA, values, hash: hashTheta({...THETA, values})}), 'INVALID_THETA');
  });
});

describe('makeTheta', () => {
  it('copies the values, and hashes what it was given', () => {
    const values = initialTheta(new Random(2)), theta = makeTheta(values);
    values.fill(0);
    expect(theta.values.some(x => x !== 0)).to.be.true;
    expect(theta.hash).to.match(/^[0-9a-f]{16}$/).and.to.equal(hashTheta(theta));
    expect(makeTheta(initialTheta(new Random(3))).hash).to.not.equal(theta.hash);
  });

  it('hashes the values of a part of a buffer alone', () => {
    const buffer = new Float32Array(THETA_SIZE + 3);
    buffer.set(THETA.values, 2);
    expect(hashTheta({...THETA, values: buffer.subarray(2, 2 + THETA_SIZE)})).to.equal(THETA.hash);
  });

  it('hashes the name and the version of the rule too', () => {
    expect(hashTheta({...THETA, ruleVersion: RULE_VERSION + 1})).to.not.equal(THETA.hash);
    expect(hashTheta({...THETA, rule: 'scale'})).to.not.equal(THETA.hash);
  });
});

describe('the theta of the package', () => {
  it('is that of the weights folder, and is decoded once', () => {
    const file = decodeTheta(readFileSync(new URL('../../weights/tensor-lstm/theta.safetensors', import.meta.url)));
    expect(defaultTheta()).to.deep.equal(file.theta);
    expect(defaultTheta()).to.equal(defaultTheta());
  });
});
