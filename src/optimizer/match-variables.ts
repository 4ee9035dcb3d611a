import type {Variable} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import type {VariableState} from './saved-state.js';

/**
 * Finds the restored state of each variable. TF.js renames variables on load (`dense/kernel` becomes `dense/kernel_1`), so:
 * by exact name where every variable's name is there, else by the name without its counter, in order; variables that were
 * never named go by shape, in order; where no name fits, by position if all shapes agree. A variable without a counterpart
 * is new.
 *
 * @param mustMatch Whether one variable at least must have a counterpart: the states are those of these variables.
 * @throws L2OError `INVALID_WEIGHTS` where a counterpart has another shape, or where one is missing that must be there.
 */
export function matchVariables(variables: readonly Variable[], states: readonly VariableState[], mustMatch: boolean): Map<Variable, VariableState> {
  const matches = new Map<Variable, VariableState>();
  const filled = variables.filter(v => v.size > 0);
  if (states.length === 0 || filled.length === 0) return matches;
  const exact = new Map(states.map(s => [s.name, s]));
  if (filled.every(v => exact.has(v.name))) {
    for (const v of filled) matches.set(v, exact.get(v.name)!);
  } else {
    const left = [...states];
    for (const v of filled) {
      const name = givenName(v.name), named = (fits: Fit, s: VariableState): boolean => fits(name, givenName(s.name));
      const same = FITS.map(fits => left.findIndex(s => named(fits, s) && s.shape.join() === v.shape.join())).find(at => at >= 0);
      const misshaped = name === '' ? undefined : left.find(s => FITS.some(fits => named(fits, s)));
      if (same !== undefined) matches.set(v, left.splice(same, 1)[0]!);
      else if (misshaped !== undefined) matches.set(v, misshaped);
    }
  }
  if (mustMatch && matches.size === 0 && filled.length === states.length && filled.every((v, i) => v.shape.join() === states[i]!.shape.join())) {
    filled.forEach((v, i) => matches.set(v, states[i]!));
  }
  for (const [v, s] of matches) {
    if (s.shape.join() !== v.shape.join()) {
      throw new L2OError('INVALID_WEIGHTS', `restored optimizer state: expected '${s.name}' of shape [${s.shape.join(', ')}], got the variable '${v.name}' of shape [${v.shape.join(', ')}]. Restore the state of this model, or make a new optimizer.`);
    }
  }
  if (mustMatch && matches.size === 0) {
    throw new L2OError('INVALID_WEIGHTS', `restored optimizer state: expected variables among ${names(states)}, got ${names(filled)}. Restore the state of this model, or make a new optimizer.`);
  }
  return matches;
}

/** Whether a variable's name and a saved one may mean the same. */
type Fit = (name: string, saved: string) => boolean;

// The likeliest first. A weight's own name may end in a number too: `w_1` becomes `w_1_1`, which is not `w_2`.
const FITS: readonly Fit[] = [
  (name, saved) => saved === stem(name),
  (name, saved) => saved === name,
  (name, saved) => stem(saved) === name,
  (name, saved) => stem(saved) === stem(name),
];

/** The name of a variable; nothing where TF.js numbered it, as the number depends on what was made before. */
function givenName(name: string): string {
  return /^\d+$/.test(name) ? '' : name;
}

/** A variable's name without the counter that TF.js appends to make names unique. */
function stem(name: string): string {
  return name.replace(/_\d+$/, '');
}

function names(items: ReadonlyArray<{readonly name: string}>): string {
  const shown = items.slice(0, 4).map(i => `'${i.name}'`).join(', ');
  return items.length > 4 ? `${shown} and ${items.length - 4} more` : shown;
}
