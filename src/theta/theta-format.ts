import {L2OError} from '../errors.js';
import {RULE_NAMES, ruleInfo, type RuleName} from '../rules/registry.js';
import type {ThetaEntry} from '../rules/rule.js';

/** What a theta file says it is. */
export const THETA_FORMAT = 'tfjs-l2o theta';
/** Most bytes that metadata may take as JSON in UTF-8. */
export const MAX_METADATA_BYTES = 65_536;
/** Most bytes of a safetensors header: metadata, and the layout with room to spare. */
export const MAX_HEADER_BYTES = 2 * MAX_METADATA_BYTES;
/** Most bytes of a theta file of any kind: nothing longer is read. */
export const MAX_FILE_BYTES = 8 + MAX_HEADER_BYTES + Math.max(...RULE_NAMES.map(thetaBytes));

/** Bytes of the weights of a rule alone. */
export function thetaBytes(rule: RuleName): number {
  return 4 * ruleInfo(rule).thetaSize;
}

/** Strings that travel with a theta, such as the recipe that it was trained by. */
export type ThetaMetadata = Readonly<Record<string, string>>;

const OWN_NAMES: readonly string[] = ['format', 'rule', 'ruleVersion', 'hash'];
const MAX_SHOWN = 60;

/** A value for a message: text from a file may be as long as the file. */
export function shown(value: unknown): string {
  const text = String(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** Throws the error of a file that is none of ours or no longer whole. @param expected May say what came, too. */
export function corrupt(expected: string): never {
  throw new L2OError('CORRUPT_FILE', `theta file: expected ${expected}. The file is damaged or is not a theta saved by tfjs-l2o.`);
}

/** Throws where a source holds, or says that it holds, more than `limit` bytes. */
export function checkSize(bytes: number, limit: number): void {
  if (bytes > limit) corrupt(`at most ${limit} bytes, got ${bytes}`);
}

/** Whether an unknown value is an object with entries, not a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON object from bytes of unknown origin. */
export function parseJson(bytes: Uint8Array, what: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(bytes));
  } catch {
    return corrupt(what);
  }
  return isRecord(parsed) ? parsed : corrupt(what);
}

/** Whether a list of unknown origin holds just these numbers. */
export function sameNumbers(value: unknown, numbers: readonly number[]): boolean {
  return Array.isArray(value) && value.length === numbers.length && numbers.every((n, i) => value[i] === n);
}

/** Bytes that metadata takes as JSON. */
function metadataBytes(metadata: Readonly<Record<string, unknown>>): number {
  return new TextEncoder().encode(JSON.stringify(metadata)).length;
}

/** Checks metadata that is to be saved. @throws L2OError `INVALID_ARGUMENT`. */
export function checkMetadata(metadata: unknown): asserts metadata is ThetaMetadata {
  const fail = (message: string): never => {
    throw new L2OError('INVALID_ARGUMENT', `saveTheta: ${message}`);
  };
  // A Map would look like an object without entries.
  if (!isRecord(metadata) || ![Object.prototype, null].includes(Object.getPrototypeOf(metadata) as object | null)) return fail('metadata must be a plain object of strings. Pass for example {recipe: JSON.stringify(recipe)}.');
  for (const [name, value] of Object.entries(metadata)) {
    if (OWN_NAMES.includes(name)) fail(`metadata must not be called ${OWN_NAMES.join(', ')}, got '${name}'. Those are written from the theta itself; choose another name.`);
    if (typeof value !== 'string') fail(`metadata must be strings, got a ${typeof value} as '${shown(name)}'. Use JSON.stringify for anything else.`);
  }
  const size = metadataBytes(metadata);
  if (size > MAX_METADATA_BYTES) fail(`metadata must take at most ${MAX_METADATA_BYTES} bytes as JSON, got ${size}. Keep the recipe, and leave logs and data out.`);
}

/** Checks metadata that was read. @throws L2OError `CORRUPT_FILE` where it is no map of strings, too large, or none of ours. */
export function readMetadata(metadata: unknown): ThetaMetadata {
  if (!isRecord(metadata)) return corrupt('metadata of a theta, got none');
  const wrong = Object.entries(metadata).find(([, value]) => typeof value !== 'string');
  if (wrong !== undefined) corrupt(`strings as metadata, got a ${typeof wrong[1]} as '${shown(wrong[0])}'`);
  const checked = metadata as ThetaMetadata, size = metadataBytes(userMetadata(checked));
  if (size > MAX_METADATA_BYTES) corrupt(`metadata of at most ${MAX_METADATA_BYTES} bytes, got ${size}`);
  if (checked.format !== THETA_FORMAT) corrupt(`the format '${THETA_FORMAT}', got '${shown(checked.format ?? 'none')}'`);
  return checked;
}

/** The metadata that a user saved, without the names that the file adds. */
export function userMetadata(metadata: ThetaMetadata): ThetaMetadata {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !OWN_NAMES.includes(name)));
}

/**
 * Checks that a file lists the weight arrays of its rule's layout in this version, all of them and no others.
 * @param found Names in the file. @param fits Whether the file's entry of that name is as it should be.
 */
export function checkLayout(layout: readonly ThetaEntry[], found: readonly string[], fits: (entry: ThetaEntry) => boolean): void {
  for (const entry of layout) {
    if (!fits(entry)) corrupt(`'${entry.name}' as float32 of shape [${entry.shape.join(', ')}] in its place`);
  }
  const extra = found.find(name => layout.every(entry => entry.name !== name));
  if (extra !== undefined) corrupt(`no further entries, got '${shown(extra)}'`);
  if (found.length !== layout.length) corrupt(`${layout.length} weight arrays, got ${found.length}`);
}
