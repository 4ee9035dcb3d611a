import {nameFlag} from '../../src/cli/flags.js';

/**
 * The names that a flag was given, several with commas between them or by several flags, in the order of `names`.
 * @param otherwise Where it was not given; default: all of `names`.
 * @throws L2OError 'INVALID_ARGUMENT' for a name that is none of `names`.
 */
export function namesGiven<Name extends string>(flag: string, given: readonly string[] | undefined, names: readonly Name[], otherwise = names): readonly Name[] {
  const chosen = given?.flatMap(value => value.split(',')).map(name => nameFlag(flag, name, names)) ?? otherwise;
  return names.filter(name => chosen.includes(name));
}

/** The number ≥ 0 that a flag was given. @throws Error that names the flag. */
export function numberGiven(flag: string, value: string): number {
  const number = value.trim() === '' ? NaN : Number(value);
  if (!(number >= 0)) throw new Error(`--${flag} takes a number ≥ 0, got '${value}'.`);
  return number;
}
