import {sha256} from '@noble/hashes/sha2.js';
import {bytesToHex, utf8ToBytes} from '@noble/hashes/utils.js';
import {L2OError} from '../errors.js';
import {isRuleName, ruleInfo, ruleNames, ruleOfSize, type RuleName} from '../rules/registry.js';
import {
  checkLayout, corrupt, isRecord, MAX_HEADER_BYTES, parseJson, readMetadata, sameNumbers, shown, THETA_FORMAT, thetaBytes, type ThetaMetadata,
} from './theta-format.js';

/** A rule's meta-learned weights, with what is needed to use them safely. */
export interface Theta {
  /** Name of the rule that the values belong to, such as `'tensor-lstm'`. */
  readonly rule: RuleName;
  /** Version of that rule. */
  readonly ruleVersion: number;
  /** The weights, in the rule's layout. */
  readonly values: Float32Array;
  /** First 16 hexadecimal digits of the SHA-256 of rule, version and values; see {@link hashTheta}. */
  readonly hash: string;
}

const HASH_DIGITS = 16;

/** The hash that a {@link Theta} carries: of `<rule> <version>`, a line feed, and the values' little-endian bytes. */
export function hashTheta({rule, ruleVersion, values}: Omit<Theta, 'hash'>): string {
  const named = utf8ToBytes(`${rule} ${ruleVersion}\n`), bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return bytesToHex(sha256.create().update(named).update(bytes).digest()).slice(0, HASH_DIGITS);
}

/**
 * Wraps weights of the current version of a rule. The values are copied.
 * @throws L2OError `INVALID_THETA` for a wrong size or a value that is not finite.
 */
export function makeTheta(values: Float32Array, rule: RuleName = 'tensor-lstm'): Theta {
  const unhashed = {rule, ruleVersion: ruleInfo(rule).version, values: values.slice()};
  return checkTheta({...unhashed, hash: hashTheta(unhashed)});
}

function reject(message: string): never {
  throw new L2OError('INVALID_THETA', `theta: ${message}`);
}

/** Checks that weights are of a rule, and of the version of it, that this package runs; returns the rule. @throws L2OError `INVALID_THETA`. */
export function checkRule(rule: unknown, ruleVersion: unknown): RuleName {
  if (!isRuleName(rule)) return reject(`expected weights of a rule among ${ruleNames()}, got '${shown(rule)}'. Pass weights that were trained for one of these.`);
  const {version} = ruleInfo(rule);
  if (ruleVersion !== version) {
    reject(`expected version ${version} of '${rule}', got ${String(ruleVersion)}. Use the version of tfjs-l2o that the weights were trained with, or train them again.`);
  }
  return rule;
}

/** Returns `theta` if it can be used by this version. @throws L2OError `INVALID_THETA` that says what is wrong. */
export function checkTheta(theta: Theta): Theta {
  const rule = checkRule(theta.rule, theta.ruleVersion), {thetaSize} = ruleInfo(rule);
  if (!(theta.values instanceof Float32Array)) reject('expected `values` to be a Float32Array. Pass a theta as metaFit or a theta file gives it.');
  const {length} = theta.values, owner = ruleOfSize(length);
  if (length !== thetaSize) reject(`expected ${thetaSize} weights of '${rule}', got ${length}${owner === undefined ? '' : `, as many as '${owner}' has`}. The file may be cut short or belong to another rule.`);
  const bad = theta.values.findIndex(x => !Number.isFinite(x));
  if (bad >= 0) reject(`weight ${bad} is ${theta.values[bad]}, expected finite numbers. The training run diverged or the file is damaged.`);
  const hash = hashTheta(theta);
  if (theta.hash !== hash) reject(`expected the hash ${shown(theta.hash)}, got ${hash}. The weights, or the name of their rule, were changed or damaged after they were saved.`);
  return theta;
}

/** What a file says of a theta, beside the weights. */
export function describeTheta(theta: Theta, metadata: ThetaMetadata): ThetaMetadata {
  return {...metadata, format: THETA_FORMAT, rule: theta.rule, ruleVersion: String(theta.ruleVersion), hash: theta.hash};
}

/** Bytes of a safetensors file: one float32 array per entry of the rule's layout; rule, version and hash as metadata. */
export function encodeTheta(theta: Theta, metadata: ThetaMetadata = {}): Uint8Array {
  const header: Record<string, unknown> = {__metadata__: describeTheta(theta, metadata)};
  const {layout} = ruleInfo(theta.rule), weightBytes = thetaBytes(theta.rule);
  for (const {name, shape, offset, size} of layout) header[name] = {dtype: 'F32', shape, data_offsets: [4 * offset, 4 * (offset + size)]};
  const json = JSON.stringify(header), unpadded = new TextEncoder().encode(json).length;
  const text = new TextEncoder().encode(json + ' '.repeat((8 - (unpadded % 8)) % 8));
  const bytes = new Uint8Array(8 + text.length + weightBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(new Uint8Array(theta.values.buffer, theta.values.byteOffset, weightBytes), 8 + text.length);
  return bytes;
}

/** What {@link decodeTheta} reads. */
export interface ThetaFile {
  readonly theta: Theta;
  /** All strings of the file: those that were saved with the theta, and format, rule, version and hash. */
  readonly metadata: ThetaMetadata;
}

/**
 * Reads a theta from a safetensors file. Sizes, rule, version and layout are checked before the weights are copied, and
 * the hash before anything is believed.
 * @throws L2OError `CORRUPT_FILE` where the bytes are no such file, `INVALID_THETA` where it is not a theta for this version.
 */
export function decodeTheta(bytes: Uint8Array): ThetaFile {
  if (bytes.length < 8) corrupt(`at least 8 bytes, got ${bytes.length}`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > bytes.length - 8) corrupt(`a header of ${length} bytes, got a file of ${bytes.length}`);
  if (length > MAX_HEADER_BYTES) corrupt(`a header of at most ${MAX_HEADER_BYTES} bytes, got ${length}`);
  const {__metadata__: described, ...entries} = parseJson(bytes.subarray(8, 8 + length), 'a JSON object as header');
  const metadata = readMetadata(described), rule = checkRule(metadata.rule, Number(metadata.ruleVersion));
  checkLayout(ruleInfo(rule).layout, Object.keys(entries), ({name, shape, offset, size}) => {
    const entry = entries[name];
    return isRecord(entry) && entry.dtype === 'F32' && sameNumbers(entry.shape, shape) && sameNumbers(entry.data_offsets, [4 * offset, 4 * (offset + size)]);
  });
  return {theta: readTheta(rule, metadata, [bytes.subarray(8 + length)]), metadata};
}

/** The theta of a rule that checked metadata describes, from the bytes of its weights in one or more parts; they are copied. */
export function readTheta(rule: RuleName, metadata: ThetaMetadata, parts: readonly Uint8Array[]): Theta {
  const size = parts.reduce((sum, part) => sum + part.length, 0), expected = thetaBytes(rule);
  if (size !== expected) corrupt(`${expected} bytes of weights, got ${size}`);
  // Not slice(): that of a Node Buffer shares its memory.
  const data = new Uint8Array(expected);
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return checkTheta({rule, ruleVersion: Number(metadata.ruleVersion), values: new Float32Array(data.buffer), hash: String(metadata.hash)});
}
