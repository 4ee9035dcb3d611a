import {parseArgs} from 'node:util';
import {L2OError} from '../errors.js';
import {nearestName} from '../nearest-name.js';

/** Flags of a command, as `parseArgs` takes them. */
export type Flags = Readonly<Record<string, {readonly type: 'boolean' | 'string'; readonly short?: string}>>;

/** What stood behind a command's name. */
export interface GivenFlags {
  /** Flags given, each with its value ('' for those that take none). */
  readonly flags: ReadonlyMap<string, string>;
  /** The argument, where the command takes one and it was given. */
  readonly argument: string | undefined;
  /** The arguments behind the first. */
  readonly more: readonly string[];
}

/**
 * Reads what follows a command's name.
 *
 * @param argument What the command's arguments are called, with spaces between; undefined where it takes none.
 * @throws L2OError 'UNKNOWN_OPTION' or 'INVALID_ARGUMENT'.
 */
export function readFlags(args: readonly string[], flags: Flags, command: string, argument?: string): GivenFlags {
  // Not strict: node's own errors know no nearest names.
  const {tokens} = parseArgs({args: [...args], options: flags, strict: false, tokens: true});
  const given = new Map<string, string>();
  const names = argument?.split(' ') ?? [], found: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (found.length === names.length) {
        const most = names.length === 0 ? `no argument '${token.value}'` : `one ${names.join(' and one ')}, got ${found.map((given) => `'${given}'`).join(', ')} and '${token.value}'`;
        throw new L2OError('INVALID_ARGUMENT', `${command} takes ${most}. Run ${command} --help for its flags.`);
      }
      found.push(token.value);
    }
    if (token.kind !== 'option') continue;
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
    if (flag === undefined) {
      const names = Object.keys(flags).map((name) => `--${name}`);
      throw new L2OError('UNKNOWN_OPTION', unknownName('flag', token.rawName, names, command));
    }
    const takesValue = flag.type === 'string';
    if (takesValue && (token.value === undefined || (!token.inlineValue && token.value.startsWith('--')))) {
      throw new L2OError('INVALID_ARGUMENT', `--${token.name} needs a value. Run ${command} --help for its flags.`);
    }
    if (!takesValue && token.value !== undefined) {
      throw new L2OError('INVALID_ARGUMENT', `--${token.name} takes no value, got '${token.value}'.`);
    }
    given.set(token.name, token.value ?? '');
  }
  return {flags: given, argument: found[0], more: found.slice(1)};
}

/** The integer that a flag was given. @throws L2OError 'INVALID_ARGUMENT'. */
export function integerFlag(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || value < min || value > max) {
    throw new L2OError('INVALID_ARGUMENT', `--${name} takes an integer from ${min} to ${max}, got '${text}'.`);
  }
  return value;
}

/** The number above 0 that a flag was given. @throws L2OError 'INVALID_ARGUMENT'. */
export function positiveFlag(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new L2OError('INVALID_ARGUMENT', `--${name} takes a number above 0, got '${text}'.`);
  return value;
}

/** The one of `names` that a flag was given. @throws L2OError 'INVALID_ARGUMENT'. */
export function nameFlag<Name extends string>(name: string, text: string, names: readonly Name[]): Name {
  const found = names.find((candidate) => candidate === text);
  if (found !== undefined) return found;
  const nearest = nearestName(text, names);
  const hint = nearest === undefined ? '' : ` Did you mean '${nearest}'?`;
  throw new L2OError('INVALID_ARGUMENT', `--${name} takes one of ${names.join(', ')}, got '${text}'.${hint}`);
}

/** The message for a name that is none of `names`. */
export function unknownName(what: string, name: string, names: readonly string[], command: string): string {
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? '' : ` Did you mean '${nearest}'?`;
  return `${command} has no ${what} '${name}'.${hint} Run ${command} --help for all of them.`;
}
