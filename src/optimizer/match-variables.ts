import type {Variable} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import type {VariableState} from './saved-state.js';

/**
 * Finds the restored state of each variable. TF.js renames variables on load (`dense/kernel` becomes `dense/kernel_1`), so:
 * by exact name where every variable's name is there, else by the name without its counter, in order; where no name fits
 * (variables that were never named), by position if all shapes agree. A variable without a counterpart is new.
 *
 * @throws L2OError `INVALID_WEIGHTS` where a counterpart has another shape, or where no variable has one at all.
 */
export function matchVariables(variables: readonly Variable[], states: readonly VariableState[]): Map<Variable, VariableState> {
  const matches = new Map<Variable, VariableState>();
  const filled = variables.filter(v => v.size > 0);
  if (states.length === 0 || filled.length === 0) return matches;
  const exact = new Map(states.map(s => [s.name, s]));
  if (filled.every(v => exact.has(v.name))) {
    for (const v of filled) matches.set(v, exact.get(v.name)!);
  } else {
    const left = [...states];
    for (const v of filled) {
      const at = left.findIndex(s => stem(s.name) === stem(v.name) && s.shape.join() === v.shape.join());
      const anyShape = left.find(s => stem(s.name) === stem(v.name));
      if (at >= 0) matches.set(v, left.splice(at, 1)[0]!);
      else if (anyShape !== undefined) matches.set(v, anyShape);
    }
  }
  if (matches.size === 0 && filled.length === states.length && filled.every((v, i) => v.shape.join() === states[i]!.shape.join())) {
    filled.forEach((v, i) => matches.set(v, states[i]!));
  }
  for (const [v, s] of matches) {
    if (s.shape.join() !== v.shape.join()) {
      throw new L2OError('INVALID_WEIGHTS', `restored optimizer state: expected '${s.name}' of shape [${s.shape.join(', ')}], got the variable '${v.name}' of shape [${v.shape.join(', ')}]. Restore the state of this model, or make a new optimizer.`);
    }
  }
  if (matches.size === 0) {
    throw new L2OError('INVALID_WEIGHTS', `restored optimizer state: expected variables among ${names(states)}, got ${names(filled)}. Restore the state of this model, or make a new optimizer.`);
  }
  return matches;
}

/** A variable's name without the counter that TF.js appends to make names unique. */
function stem(name: string): string {
  return name.replace(/_\d+$/, '');
}

function names(items: ReadonlyArray<{readonly name: string}>): string {
  const shown = items.slice(0, 4).map(i => `'${i.name}'`).join(', ');
  return items.length > 4 ? `${shown} and ${items.length - 4} more` : shown;
}
