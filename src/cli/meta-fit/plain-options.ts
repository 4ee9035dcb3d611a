import {L2OError} from '../../errors.js';

/** Options as plain data: what JSON can say, and infinite numbers. */
export type PlainOptions = Readonly<Record<string, unknown>>;

/** JSON has no word for it. */
const INFINITY = 'Infinity';

/** Text of plain options; {@link parseRunJson} gives the same ones. */
export function formatRunJson(value: unknown): string {
  return `${JSON.stringify(value, (_, part: unknown) => (part === Infinity ? INFINITY : part), 1)}\n`;
}

/** Reads JSON in which the text "Infinity" stands for the number. @param fail Called where it is none; must not return. */
export function parseRunJson(text: string, fail: (problem: string) => never): unknown {
  try {
    return JSON.parse(text, (_, part: unknown) => (part === INFINITY ? Infinity : part)) as unknown;
  } catch (error) {
    return fail(error instanceof Error ? `"${error.message}"` : String(error));
  }
}

/**
 * Options without anything that cannot be written down.
 *
 * @param path Of the config, for errors.
 * @throws L2OError 'INVALID_ARGUMENT' for functions, and for objects of classes that have no `getConfig()`.
 */
export function toPlain(options: object, path: string): PlainOptions {
  return plain(options, '', path) as PlainOptions;
}

function plain(value: unknown, name: string, path: string): unknown {
  if (value instanceof URL) return value.href;
  if (Array.isArray(value)) return value.map((part, i) => plain(part, `${name}[${i}]`, path));
  if (typeof value === 'object' && value !== null) {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return reject(name, `an object of the class ${value.constructor.name}`, path);
    const entries = Object.entries(value).filter(([, part]) => part !== undefined);
    return Object.fromEntries(entries.map(([key, part]) => [key, plain(part, name === '' ? key : `${name}.${key}`, path)]));
  }
  if (['string', 'boolean'].includes(typeof value) || value === null || (typeof value === 'number' && (Number.isFinite(value) || value === Infinity))) return value;
  return reject(name, typeof value, path);
}

function reject(name: string, got: string, path: string): never {
  throw new L2OError('INVALID_ARGUMENT', `config '${path}': expected '${name}' to be plain data, got ${got}. ` +
    'A run must be able to go on from its folder alone: call metaFit from a program of yours for what cannot be written down.');
}
