import {keep, tensor, type Tensor} from '@tensorflow/tfjs-core';
import type {Rule, State, StateEntry} from '../rules/rule.js';
import {assertKept, disposeKept} from './dead-backend.js';
import type {LossSlots, SlotArrays, StepRunner, VariableSlots} from './runner.js';
import {NUM_COUNTS, zooStateSizes} from './state-sizes.js';

/** Tensors that outlive every tidy and are replaced as a whole; there are none before the first step. */
class KeptState {
  private kept: State | undefined;

  get value(): State | undefined {
    return this.kept;
  }

  replace(next: State): void {
    this.dispose();
    Object.values<Tensor>(next).forEach(t => keep(t));
    this.kept = next;
  }

  dispose(): void {
    if (this.kept !== undefined) disposeKept(Object.values<Tensor>(this.kept));
    this.kept = undefined;
  }
}

function entriesOf({state}: Rule, each: StateEntry[1]): StateEntry[] {
  return state.filter(([, of]) => of === each);
}

/** Reads tensors out of an array that holds them one after another. */
function unpack(entries: readonly StateEntry[], values: Float32Array, offset: number, size?: number): State {
  let at = offset;
  return Object.fromEntries(entries.map(([name, , numbers]) => {
    const shape = size === undefined ? [numbers] : numbers === 1 ? [size] : [numbers, size], start = at;
    at += numbers * (size ?? 1);
    // A copy: the cpu backend keeps the very array that it is given.
    return [name, tensor(values.slice(start, at), shape, 'float32')];
  }));
}

function pack(entries: readonly StateEntry[], state: State, values: Float32Array, offset: number): Float32Array {
  let at = offset;
  assertKept(entries.map(([name]) => state[name]!));
  for (const [name] of entries) {
    const part = state[name]!.dataSync<'float32'>();
    values.set(part, at);
    at += part.length;
  }
  return values;
}

/** Slots of one variable as a rule's own tensors. */
export class ZooSlots implements VariableSlots {
  readonly state = new KeptState();

  constructor(readonly owner: StepRunner, private readonly rule: Rule, private readonly size: number, initial: SlotArrays | undefined) {
    if (initial === undefined || initial.tensorSlots[0] === 0) return;
    this.state.replace({
      ...unpack(entriesOf(rule, 'parameter'), initial.slots, 0, size), ...unpack(entriesOf(rule, 'tensor'), initial.tensorSlots, NUM_COUNTS),
    });
  }

  read(): SlotArrays {
    const {rule, size, state: {value}} = this, sizes = zooStateSizes(rule);
    const slots = new Float32Array(sizes.parameter * size), tensorSlots = new Float32Array(sizes.tensor);
    if (value === undefined) return {slots, tensorSlots};
    tensorSlots[0] = 1;
    return {slots: pack(entriesOf(rule, 'parameter'), value, slots, 0), tensorSlots: pack(entriesOf(rule, 'tensor'), value, tensorSlots, NUM_COUNTS)};
  }

  dispose(): void {
    this.state.dispose();
  }
}

/** What the variables of an optimizer share, and how many of them have been stepped. */
export class ZooShared implements LossSlots {
  readonly state = new KeptState();
  count: number;

  constructor(readonly owner: StepRunner, private readonly rule: Rule, initial: Float32Array | undefined) {
    this.count = initial?.[0] ?? 0;
    if (initial !== undefined && this.count > 0) this.state.replace(unpack(entriesOf(rule, 'optimizer'), initial, NUM_COUNTS));
  }

  read(): Float32Array {
    const {rule, count, state: {value}} = this, values = new Float32Array(zooStateSizes(rule).optimizer);
    values[0] = count;
    return value === undefined ? values : pack(entriesOf(rule, 'optimizer'), value, values, NUM_COUNTS);
  }

  dispose(): void {
    this.state.dispose();
  }
}
