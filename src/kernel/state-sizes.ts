import {ruleInfo, type RuleName} from '../rules/registry.js';
import type {Rule} from '../rules/rule.js';
import {NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS} from '../rules/tensor-lstm/spec.js';

/** Floats of a rule's state as its runners hand it out: for each parameter, each variable, and all of an optimizer's together. */
export interface StateSizes {
  readonly parameter: number;
  readonly tensor: number;
  readonly optimizer: number;
}

const TENSOR_LSTM: StateSizes = {parameter: NUM_PARAMETER_SLOTS, tensor: NUM_TENSOR_SLOTS, optimizer: NUM_LOSS_SLOTS};

/** Sizes of the state of a rule. */
export function stateSizes(name: RuleName): StateSizes {
  const {rule} = ruleInfo(name);
  return rule === undefined ? TENSOR_LSTM : zooStateSizes(rule);
}

/** Of a variable and of an optimizer the first float counts: 0 says that the rest has not been made yet. */
export const NUM_COUNTS = 1;

/** Sizes of the state of a rule that steps by tf ops. */
export function zooStateSizes({state}: Pick<Rule, 'state'>): StateSizes {
  const sum = (each: keyof StateSizes): number => state.reduce((total, [, of, numbers]) => total + (of === each ? numbers : 0), 0);
  return {parameter: sum('parameter'), tensor: NUM_COUNTS + sum('tensor'), optimizer: NUM_COUNTS + sum('optimizer')};
}
