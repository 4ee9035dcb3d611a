import {sha256} from '@noble/hashes/sha2.js';
import {bytesToHex} from '@noble/hashes/utils.js';
import {L2OError} from '../errors.js';
import {RULE_NAME, RULE_VERSION, THETA_LAYOUT, THETA_SIZE} from '../rules/tensor-lstm/spec.js';

/** A rule's meta-learned weights, with what is needed to use them safely. */
export interface Theta {
  /** Name of the rule that the values belong to, such as `'tensor-lstm'`. */
  readonly rule: string;
  /** Version of that rule. */
  readonly ruleVersion: number;
  /** The weights, in the rule's layout. */
  readonly values: Float32Array;
  /** First 16 hexadecimal digits of the SHA-256 of the values' little-endian bytes. */
  readonly hash: string;
}

const HASH_DIGITS = 16;

/** The hash that a {@link Theta} carries. */
export function hashTheta(values: Float32Array): string {
  return bytesToHex(sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))).slice(0, HASH_DIGITS);
}

/** Wraps weights of the current `tensor-lstm`. The values are copied. @throws L2OError `INVALID_THETA` for a wrong size or a value that is not finite. */
export function makeTheta(values: Float32Array): Theta {
  const copy = values.slice();
  return checkTheta({rule: RULE_NAME, ruleVersion: RULE_VERSION, values: copy, hash: hashTheta(copy)});
}

/** Returns `theta` if it can be used by this version. @throws L2OError `INVALID_THETA` that says what is wrong. */
export function checkTheta(theta: Theta): Theta {
  const fail = (message: string): never => {
    throw new L2OError('INVALID_THETA', `theta: ${message}`);
  };
  if (theta.rule !== RULE_NAME) fail(`expected weights of the rule '${RULE_NAME}', got '${theta.rule}'. Pass weights that were trained for this rule.`);
  if (theta.ruleVersion !== RULE_VERSION) {
    fail(`expected version ${RULE_VERSION} of '${RULE_NAME}', got ${String(theta.ruleVersion)}. Use the version of tfjs-l2o that the weights were trained with, or train them again.`);
  }
  if (!(theta.values instanceof Float32Array)) fail('expected `values` to be a Float32Array. Pass a theta as metaFit or a theta file gives it.');
  if (theta.values.length !== THETA_SIZE) fail(`expected ${THETA_SIZE} weights, got ${theta.values.length}. The file may be cut short or belong to another rule.`);
  const bad = theta.values.findIndex(x => !Number.isFinite(x));
  if (bad >= 0) fail(`weight ${bad} is ${theta.values[bad]}, expected finite numbers. The training run diverged or the file is damaged.`);
  const hash = hashTheta(theta.values);
  if (theta.hash !== hash) fail(`expected the hash ${theta.hash}, got ${hash}. The weights were changed or damaged after they were saved.`);
  return theta;
}

/** Bytes of a safetensors file: one float32 array per entry of the rule's layout; rule, version and hash as metadata. */
export function encodeTheta(theta: Theta, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const header: Record<string, unknown> = {
    __metadata__: {...metadata, format: 'tfjs-l2o theta', rule: theta.rule, ruleVersion: String(theta.ruleVersion), hash: theta.hash},
  };
  for (const {name, shape, offset, size} of THETA_LAYOUT) header[name] = {dtype: 'F32', shape, data_offsets: [4 * offset, 4 * (offset + size)]};
  const json = JSON.stringify(header), text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8));
  const bytes = new Uint8Array(8 + text.length + 4 * THETA_SIZE);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(new Uint8Array(theta.values.buffer, theta.values.byteOffset, 4 * THETA_SIZE), 8 + text.length);
  return bytes;
}

/** What {@link decodeTheta} reads. */
export interface ThetaFile {
  readonly theta: Theta;
  readonly metadata: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads a theta from a safetensors file. Sizes, rule, version and hash are checked before anything is believed.
 * @throws L2OError `CORRUPT_FILE` where the bytes are no such file, `INVALID_THETA` where it is not a theta for this version.
 */
export function decodeTheta(bytes: Uint8Array): ThetaFile {
  const fail = (what: string): never => {
    throw new L2OError('CORRUPT_FILE', `theta file: expected ${what}. The file is damaged or is not a theta saved by tfjs-l2o.`);
  };
  if (bytes.length < 8) fail(`at least 8 bytes, got ${bytes.length}`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > bytes.length - 8) fail(`a header of ${length} bytes, got a file of ${bytes.length}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  } catch {
    return fail('a JSON header');
  }
  if (typeof parsed !== 'object' || parsed === null) return fail('a JSON object as header');
  const header = parsed as Record<string, {dtype?: unknown; shape?: unknown; data_offsets?: unknown} | undefined>;
  const metadata = (header.__metadata__ ?? {}) as Record<string, string | undefined>;
  if (metadata.rule === RULE_NAME && metadata.ruleVersion === String(RULE_VERSION)) {
    for (const {name, shape, offset, size} of THETA_LAYOUT) {
      const expected = JSON.stringify({dtype: 'F32', shape, data_offsets: [4 * offset, 4 * (offset + size)]});
      const {dtype, shape: got, data_offsets} = header[name] ?? {};
      if (JSON.stringify({dtype, shape: got, data_offsets}) !== expected) fail(`'${name}' to be ${expected}`);
    }
    if (bytes.length !== 8 + length + 4 * THETA_SIZE) fail(`${4 * THETA_SIZE} bytes of weights, got ${bytes.length - 8 - length}`);
  }
  const data = bytes.slice(8 + length), values = new Float32Array(data.buffer, 0, Math.floor(data.length / 4));
  const theta = checkTheta({rule: String(metadata.rule), ruleVersion: Number(metadata.ruleVersion), values, hash: String(metadata.hash)});
  return {theta, metadata};
}
