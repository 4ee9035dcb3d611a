import * as tf from '@tensorflow/tfjs-core';
import type {RuleVariable, State, SteppedVariable} from './rule.js';

/** Copies of a state's tensors. */
export function cloneState<Name extends string>(state: State<Name>): State<Name> {
  return Object.fromEntries(Object.entries<tf.Tensor>(state).map(([name, tensor]) => [name, tf.clone(tensor)])) as State<Name>;
}

/**
 * Steps the variables that have elements; the others come back as they are.
 * @param step Returns one entry for each variable that it is given. Not called where there is none.
 */
export function stepActive<Slot extends string>(
  variables: ReadonlyArray<RuleVariable<Slot>>, step: (active: ReadonlyArray<RuleVariable<Slot>>) => ReadonlyArray<SteppedVariable<Slot>>,
): Array<SteppedVariable<Slot>> {
  const active = variables.filter(({parameter}) => parameter.size > 0);
  const stepped = active.length === 0 ? [] : step(active);
  let next = 0;
  return variables.map(({parameter, slots}) =>
    (parameter.size > 0 ? stepped[next++]! : {parameter: tf.clone(parameter), slots: cloneState(slots)}));
}
