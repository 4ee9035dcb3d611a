import {L2OError} from '../../errors.js';
import {describe, type NumberBounds, OptionChecks} from '../../option-checks.js';

/** From one value to another in a straight line over a number of steps; the last value from then on. */
export interface LinearRamp {
  readonly from: number;
  readonly to: number;
  /** An integer ≥ 1. */
  readonly steps: number;
}

/** A number that may change in training: a constant, a {@link LinearRamp}, or a function of the step, counted from 0. Functions cannot be saved. */
export type Schedule = number | LinearRamp | ((step: number) => number);

/** A checked {@link Schedule}. */
export interface ResolvedSchedule {
  readonly given: Schedule;
  /** The value at a step. @throws L2OError `INVALID_ARGUMENT` where a function gives none that is in range. */
  at(step: number): number;
}

/** Checks a schedule. @param bounds Of every value. @throws L2OError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`. */
export function resolveSchedule(caller: string, name: string, value: unknown, bounds: NumberBounds, remedy: string): ResolvedSchedule {
  const checks = new OptionChecks(caller);
  if (typeof value === 'function') {
    const given = value as (step: number) => number;
    return {given, at: step => checks.number(`${name} at step ${step}`, given(step), bounds, remedy)};
  }
  if (typeof value !== 'object' || value === null) {
    const constant = checks.number(name, value, bounds, `${remedy} A ramp {from, to, steps} and a function of the step will do too.`);
    return {given: constant, at: () => constant};
  }
  const ramp = checks.names(value, ['from', 'to', 'steps'], `entries of ${name}`);
  const from = checks.number(`${name}.from`, ramp.from, bounds, remedy), to = checks.number(`${name}.to`, ramp.to, bounds, remedy);
  const steps = checks.number(`${name}.steps`, ramp.steps, {min: 1, integer: true}, 'It is the number of steps from one value to the other.');
  return {given: {from, to, steps}, at: step => from + (to - from) * Math.min(1, step / steps)};
}

/** A schedule as plain data. @throws L2OError `INVALID_ARGUMENT` for a function. */
export function scheduleConfig(caller: string, name: string, given: Schedule): number | LinearRamp {
  if (typeof given !== 'function') return given;
  throw new L2OError('INVALID_ARGUMENT', `${caller}: expected ${name} to be a number or a ramp where it is saved, got ${describe(given)}. Use {from, to, steps}.`);
}
