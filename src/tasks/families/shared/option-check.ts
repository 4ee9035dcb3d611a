import {L2OError} from '../../../errors.js';
import {assertKnownNames} from '../../../option-checks.js';
import type {Random} from '../../../random.js';

/** A fixed number, or `[lowest, highest]`, of which each task draws its own, uniformly in the logarithm. */
export type NumberRange = number | readonly [number, number];

/** One choice, or several, of which each task draws one. */
export type OneOrMore<T> = T | readonly T[];

/** What a number may be. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
  /** Excludes `min` itself. */
  readonly above?: boolean;
  readonly integer?: boolean;
}

/** Checks the options of one function, and names function and option in every error. */
export class OptionCheck {
  /**
   * @param where The function, for messages.
   * @param options Its options as they came.
   * @param known Names of all options.
   * @throws L2OError 'INVALID_ARGUMENT' where `options` is no object, 'UNKNOWN_OPTION' where it has an option not in `known`.
   */
  constructor(private readonly where: string, options: unknown, known: readonly string[]) {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      this.reject('options', 'an object', options, `Call ${where}({…}) with ${known.join(', ')}.`);
    }
    assertKnownNames(where, options, known);
  }

  /** @throws L2OError 'INVALID_ARGUMENT' where `value` is no number within `bounds`. */
  number(name: string, value: unknown, bounds: Bounds = {}): void {
    if (!fits(value, bounds)) this.reject(name, describeBounds(bounds), value, 'Pass one such number.');
  }

  /** @throws L2OError 'INVALID_ARGUMENT' where `value` is neither a number within `bounds` nor a pair of them in rising order. */
  range(name: string, value: unknown, bounds: Bounds = {}): void {
    const ends: readonly unknown[] = Array.isArray(value) ? value : [value, value], [low, high] = ends;
    if (ends.length !== 2 || !fits(low, bounds) || !fits(high, bounds) || Number(low) > Number(high)) {
      this.reject(name, `${describeBounds(bounds)}, or [lowest, highest] of such numbers`, value, 'Each task draws its own from a range.');
    }
  }

  /** @throws L2OError 'INVALID_ARGUMENT' where `value` is neither one of `allowed` nor a list of some of them. */
  choice<T extends string>(name: string, value: OneOrMore<T>, allowed: readonly T[]): void {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (list.length === 0 || !list.every(item => (allowed as readonly unknown[]).includes(item))) {
      this.reject(name, `one of ${allowed.join(', ')}, or a list of some of them`, value, 'Each task draws one of a list.');
    }
  }

  /** Throws the error of a bad option. */
  reject(name: string, expected: string, got: unknown, remedy: string): never {
    throw new L2OError('INVALID_ARGUMENT', `${this.where}: ${name} must be ${expected}, got ${describe(got)}. ${remedy}`);
  }
}

/** A number of the range. */
export function drawNumber(random: Random, range: NumberRange): number {
  return typeof range === 'number' ? range : Math.min(range[1], random.logUniform(range[0], range[1]));
}

/** An integer of the range, both ends included; uniform in the logarithm. */
export function drawInteger(random: Random, range: NumberRange): number {
  return typeof range === 'number' ? range : Math.min(range[1], Math.floor(random.logUniform(range[0], range[1] + 1)));
}

/** An integer of the range, both ends included, all as likely: for counts that may be 0. */
export function drawCount(random: Random, range: NumberRange): number {
  return typeof range === 'number' ? range : range[0] + random.integer(range[1] - range[0] + 1);
}

/** One of the choices. */
export function drawChoice<T extends string>(random: Random, choices: OneOrMore<T>): T {
  return typeof choices === 'string' ? choices : random.pick(choices);
}

function fits(value: unknown, {min = -Infinity, max = Infinity, above = false, integer = false}: Bounds): boolean {
  return typeof value === 'number' && Number.isFinite(value) && (above ? value > min : value >= min) && value <= max &&
    (!integer || Number.isSafeInteger(value));
}

function describeBounds({min, max, above = false, integer = false}: Bounds): string {
  const lower = min === undefined ? '' : ` ${above ? '>' : '≥'} ${min}`, upper = max === undefined ? '' : ` ≤ ${max}`;
  return `${integer ? 'an integer' : 'a number'}${lower}${lower !== '' && upper !== '' ? ' and' : ''}${upper}`;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(describe).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
