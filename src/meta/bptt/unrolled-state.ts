import {scalar, tensor, tidy, type Tensor, type Tensor1D} from '@tensorflow/tfjs-core';
import type {State} from '../../rules/rule.js';
import {slotRandom} from '../../rules/slot-random.js';
import type {DifferentiableRule} from './differentiable-rule.js';

/** Parameters and all state of a rule between two steps. */
export interface UnrolledState {
  readonly params: readonly Tensor[];
  /** One for each parameter tensor. */
  readonly slots: readonly State[];
  readonly shared: State;
}

/** The tensors of a state: parameters first, then slots and shared state by their names. */
export function tensorsOf({params, slots, shared}: UnrolledState): Tensor[] {
  const valuesOf = (state: State): Tensor[] => namesOf(state).map(name => state[name]!);
  return [...params, ...slots.flatMap(valuesOf), ...valuesOf(shared)];
}

/** A state like `template` of other tensors, in the order of {@link tensorsOf}. */
export function stateOf(template: UnrolledState, tensors: readonly Tensor[]): UnrolledState {
  let next = 0;
  const take = (): Tensor => tensors[next++]!, named = (state: State): State => Object.fromEntries(namesOf(state).map(name => [name, take()]));
  return {params: template.params.map(take), slots: template.slots.map(named), shared: named(template.shared)};
}

/** Rules list their state in one order at the start and in another after a step. */
function namesOf(state: State): string[] {
  return Object.keys(state).sort();
}

/** The state before the first step. The caller tidies. */
export function initialState(rule: DifferentiableRule, theta: Tensor1D, params: readonly Tensor[]): UnrolledState {
  let withElements = 0;
  return {
    params: params.map(p => p.clone()),
    slots: params.map(p => rule.initialSlots(theta, p.shape, slotRandom(p.size > 0 ? withElements++ : withElements))),
    shared: rule.initialShared(theta),
  };
}

/** What a step is given beside the state. */
export interface StepInputs {
  readonly gradients: readonly Tensor[];
  /** Steps made before this one. */
  readonly time: number;
  /** Planned steps; 0: unknown. */
  readonly horizon: number;
  /** Loss that the rule is shown, if any. */
  readonly shownLoss: number | undefined;
}

/** The state after one step of the rule. The caller tidies. */
export function nextState(rule: DifferentiableRule, theta: Tensor1D, {params, slots, shared}: UnrolledState, {gradients, time, horizon, shownLoss}: StepInputs): UnrolledState {
  const variables = params.map((parameter, i) => ({parameter, gradient: gradients[i]!, slots: slots[i]!}));
  const result = rule.step(theta, variables, shared, {time, horizon, learningRate: 1, loss: shownLoss === undefined ? undefined : scalar(shownLoss)});
  return {params: result.variables.map(v => v.parameter), slots: result.variables.map(v => v.slots), shared: result.shared};
}

/** Runs `make` in a tidy that keeps the state's tensors. */
export function tidyState(make: () => UnrolledState): UnrolledState {
  let made: UnrolledState | undefined;
  tidy(() => tensorsOf(made = make()));
  return made!;
}

/** Tensors of these shapes from values that stand one after another; copies. */
export function unflatten(values: Float32Array, shapes: ReadonlyArray<readonly number[]>): Tensor[] {
  let at = 0;
  return shapes.map(shape => {
    const size = shape.reduce((a, b) => a * b, 1);
    at += size;
    return tensor(values.slice(at - size, at), [...shape], 'float32');
  });
}
