import {ruleInfo} from '../rules/registry.js';
import type {Rule} from '../rules/rule.js';
import {initialLogRates} from '../rules/scale/initial-log-rates.js';
import {slotRandom} from '../rules/slot-random.js';
import {NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS, THETA_SIZE} from '../rules/tensor-lstm/spec.js';
import {ENGINE_RULES, LANES, type EngineRule} from './engine-layout.js';

/** Floats that a rule keeps in the engine. */
export interface EngineRuleSizes {
  readonly theta: number;
  readonly slotsPerParameter: number;
  /** The number of each tensor's parameters is rounded up to a multiple of this. Default 1. */
  readonly lanes?: number;
  readonly slotsPerTensor: number;
  /** Slots that all tensors share. */
  readonly sharedSlots: number;
  /** Writes the slots that do not start as zeros, nor from theta; default none. @param sizes Of the tensors. */
  readonly start?: (slots: Float32Array, sizes: readonly number[]) => void;
}

/** What a rule of the zoo keeps: its state, in an order of the engine's own. */
function zoo(name: 'lstm-dm' | 'rnnprop' | 'scale'): EngineRuleSizes {
  const {thetaSize, rule} = ruleInfo(name), count = (each: Rule['state'][number][1]): number =>
    rule!.state.reduce((sum, [, of, numbers]) => sum + (of === each ? numbers : 0), 0);
  return {theta: thetaSize, slotsPerParameter: count('parameter'), lanes: LANES, slotsPerTensor: count('tensor'), sharedSlots: count('optimizer')};
}

/** Log rates of all parameters come first in the slots of `scale`. */
function drawLogRates(slots: Float32Array, sizes: readonly number[]): void {
  let at = 0;
  sizes.filter(size => size > 0).forEach((size, i) => {
    slots.set(initialLogRates(size, slotRandom(i)), at);
    at += size;
  });
}

/** What each rule keeps. */
export const ENGINE_RULE_SIZES: Readonly<Record<EngineRule, EngineRuleSizes>> = {
  'tensor-lstm': {theta: THETA_SIZE, slotsPerParameter: NUM_PARAMETER_SLOTS, slotsPerTensor: NUM_TENSOR_SLOTS, sharedSlots: NUM_LOSS_SLOTS},
  adam: {theta: 0, slotsPerParameter: 2, slotsPerTensor: 0, sharedSlots: 0},
  sgd: {theta: 0, slotsPerParameter: 1, slotsPerTensor: 0, sharedSlots: 0},
  'lstm-dm': zoo('lstm-dm'),
  rnnprop: zoo('rnnprop'),
  scale: {...zoo('scale'), start: drawLogRates},
};

/** Floats of the slots of tensors of these sizes. */
export function countSlots({slotsPerParameter, lanes = 1}: EngineRuleSizes, sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + slotsPerParameter * Math.ceil(size / lanes) * lanes, 0);
}

/** Whether the engine can run a rule. */
export function isEngineRule(rule: string): rule is EngineRule {
  return (ENGINE_RULES as readonly string[]).includes(rule);
}
