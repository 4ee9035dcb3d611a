import {L2OError} from './errors.js';
import {nearestName} from './nearest-name.js';

/** Bounds of a number. */
export interface NumberBounds {
  readonly min?: number;
  /** Exclusive lower bound. */
  readonly above?: number;
  readonly max?: number;
  readonly integer?: boolean;
  /** Whether `Infinity` will do. */
  readonly infinite?: boolean;
}

/** @throws L2OError `UNKNOWN_OPTION`, with the nearest valid name, where `given` has an entry that is not in `known`. */
export function assertKnownNames(caller: string, given: object, known: readonly string[], what = 'options'): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    throw new L2OError('UNKNOWN_OPTION', `${caller}: expected ${what} among ${known.join(', ')}, got '${name}'.${nearest === undefined ? '' : ` Did you mean '${nearest}'?`}`);
  }
}

/** Checks of a function's options, with errors that begin with its name. */
export class OptionChecks {
  constructor(private readonly caller: string) {}

  /** Throws the error of a bad option. */
  reject(expected: string, got: unknown, remedy: string): never {
    throw new L2OError('INVALID_ARGUMENT', `${this.caller}: ${expected}, got ${describe(got)}. ${remedy}`);
  }

  /** The options as an object, none of them unknown. @throws L2OError `INVALID_ARGUMENT` or `UNKNOWN_OPTION`. */
  names<K extends string>(options: unknown, names: readonly K[], what = 'options'): Partial<Record<K, unknown>> {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) return this.reject(`${what} must be an object`, options, `Its entries: ${names.join(', ')}.`);
    assertKnownNames(this.caller, options, names, what);
    return options;
  }

  /** A number within its bounds. */
  number(name: string, value: unknown, bounds: NumberBounds, remedy: string): number {
    const {min = -Infinity, above = -Infinity, max = Infinity, integer = false, infinite = false} = bounds;
    const fits = typeof value === 'number' && value >= min && value <= max && (value > above || above === -Infinity)
      && (Number.isFinite(value) || (infinite && value === Infinity)) && (!integer || Number.isSafeInteger(value));
    if (fits) return value;
    const limits = [above > -Infinity ? `> ${above}` : min > -Infinity ? `≥ ${min}` : '', max < Infinity ? `≤ ${max}` : ''].filter(l => l !== '');
    return this.reject(`${name} must be ${integer ? 'an integer' : 'a number'} ${limits.join(' and ')}`.trimEnd(), value, remedy);
  }

  /** One of a few strings. */
  oneOf<T extends string>(name: string, value: unknown, choices: readonly T[], remedy: string): T {
    const found = choices.find(choice => choice === value);
    return found ?? this.reject(`${name} must be ${choices.map(c => `'${c}'`).join(' or ')}`, value, remedy);
  }
}

/** A value for an error. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `[${value.map(describe).join(', ')}]`;
  return typeof value === 'object' && value !== null ? `an object of the class ${(value.constructor as {name?: string} | undefined)?.name ?? 'none'}` : String(value);
}
