import type {Variable} from '@tensorflow/tfjs-core';
import type {LossSlots, StepRunner, VariableSlots} from '../kernel/runner.js';
import {matchVariables} from './match-variables.js';
import type {GroupState, SavedState, VariableState} from './saved-state.js';

/** Variables that are trained together share the loss history and the step counter. */
interface Group {
  step: number;
  loss: LossSlots;
}

interface Entry {
  group: Group;
  slots: VariableSlots;
}

/** Slots of one step, on the current runner. */
export interface PreparedStep {
  readonly group: Group;
  readonly slots: readonly VariableSlots[];
}

/**
 * Slots by variable, never by position: layers may be frozen, added or reordered, and one optimizer may train two models
 * in turn (each keeps a loss history of its own). Restored state waits here until its variables show up.
 */
export class SlotStore {
  private readonly entries = new Map<Variable, Entry>();
  private waiting: VariableState[] = [];
  private waitingGroups: Array<GroupState | Group> = [];

  /**
   * The slots of these variables on `runner`: existing ones (moved there if another runner has them), restored ones, or new ones.
   * @throws L2OError `INVALID_WEIGHTS` where restored state does not fit the variables, or what `createSlots` throws; nothing has changed then.
   */
  prepare(runner: StepRunner, variables: readonly Variable[]): PreparedStep {
    const unknown = variables.filter(v => !this.entries.has(v));
    if (unknown.length > 0) this.adopt(runner, unknown, variables);
    const group = this.entries.get(variables[0]!)!.group;
    group.loss = onRunner(runner, group.loss, () => {
      const moved = runner.createLossSlots(group.loss.read());
      group.step = timeOf(group);
      return moved;
    });
    const left = new Set<Group>();
    const slots = variables.map(variable => {
      const entry = this.entries.get(variable)!;
      if (entry.group !== group) left.add(entry.group);
      entry.group = group;
      entry.slots = onRunner(runner, entry.slots, () => runner.createSlots(variable.size, entry.slots.read()));
      return entry.slots;
    });
    this.release(left);
    return {group, slots};
  }

  private adopt(runner: StepRunner, unknown: readonly Variable[], all: readonly Variable[]): void {
    // Once some have been found, what still waits may be that of frozen layers.
    const restored = matchVariables(unknown, this.waiting, this.entries.size === 0);
    this.prune();
    // All or none: where one finds no room, the others are as if they had not been seen.
    const slots = createAll(runner, unknown, restored);
    const known = all.map(v => this.entries.get(v)).find(e => e !== undefined);
    let group = known?.group;
    for (const variable of unknown) {
      const state = restored.get(variable);
      if (state !== undefined) group ??= this.wake(runner, state.group);
    }
    group ??= {step: 0, loss: runner.createLossSlots()};
    for (const [i, variable] of unknown.entries()) this.entries.set(variable, {group, slots: slots[i]!});
    const taken = new Set(restored.values());
    this.waiting = this.waiting.filter(state => !taken.has(state));
  }

  private wake(runner: StepRunner, index: number): Group {
    const state = this.waitingGroups[index]!;
    if ('loss' in state) return state;
    const group = {step: state.step, loss: runner.createLossSlots(state.lossSlots)};
    this.waitingGroups[index] = group;
    return group;
  }

  /** Frees the slots of variables that have been disposed. */
  private prune(): void {
    const left = new Set<Group>();
    for (const [variable, {group, slots}] of this.entries) {
      if (!variable.isDisposed) continue;
      slots.dispose();
      this.entries.delete(variable);
      left.add(group);
    }
    this.release(left);
  }

  /** Frees those of `groups` that no variable belongs to any longer. */
  private release(groups: ReadonlySet<Group>): void {
    if (groups.size === 0) return;
    const kept = new Set<GroupState | Group>(this.waitingGroups);
    for (const {group} of this.entries.values()) kept.add(group);
    for (const group of groups) if (!kept.has(group)) group.loss.dispose();
  }

  /** Copies of all state. */
  export(): Pick<SavedState, 'groups' | 'variables'> {
    const groups: Array<GroupState | Group> = [], index = (group: GroupState | Group): number => {
      const at = groups.indexOf(group);
      return at >= 0 ? at : groups.push(group) - 1;
    };
    const variables: VariableState[] = [];
    for (const [variable, {group, slots}] of this.entries) {
      if (variable.isDisposed || variable.size === 0) continue;
      variables.push({name: variable.name, shape: [...variable.shape], group: index(group), ...slots.read()});
    }
    for (const state of this.waiting) variables.push({...state, group: index(this.waitingGroups[state.group]!)});
    return {groups: groups.map(g => ('loss' in g ? {step: timeOf(g), lossSlots: g.loss.read()} : g)), variables};
  }

  /** Replaces all state; it is taken up by the variables of the next steps. */
  restore(state: Pick<SavedState, 'groups' | 'variables'>): void {
    this.dispose();
    this.waiting = [...state.variables];
    this.waitingGroups = [...state.groups];
  }

  /** Names and shapes of the variables that have state. */
  known(): ReadonlyArray<{name: string; shape: readonly number[]}> {
    return [...this.entries.keys()].filter(v => !v.isDisposed && v.size > 0);
  }

  /** Frees everything. */
  dispose(): void {
    const groups = new Set<Group>();
    for (const {group, slots} of this.entries.values()) {
      slots.dispose();
      groups.add(group);
    }
    for (const group of this.waitingGroups) if ('loss' in group) groups.add(group);
    for (const group of groups) group.loss.dispose();
    this.entries.clear();
    this.waiting = [];
    this.waitingGroups = [];
  }
}

function createAll(runner: StepRunner, variables: readonly Variable[], restored: ReadonlyMap<Variable, VariableState>): VariableSlots[] {
  const slots: VariableSlots[] = [];
  try {
    for (const variable of variables) slots.push(runner.createSlots(variable.size, restored.get(variable)));
  } catch (error) {
    slots.forEach(made => made.dispose());
    throw error;
  }
  return slots;
}

/** Steps that a group has made: those that its device has skipped are not among them. */
function timeOf({step, loss}: Group): number {
  return step - (loss.skipped?.() ?? 0);
}

/** `held` if it is on `runner`, else what `move` makes of it; the old one is freed. */
function onRunner<T extends VariableSlots | LossSlots>(runner: StepRunner, held: T, move: () => T): T {
  if (held.owner === runner) return held;
  const moved = move();
  held.dispose();
  return moved;
}
