import {lstmDm} from './lstm-dm.js';
import {rnnprop} from './rnnprop.js';
import {scale} from './scale/scale.js';
import {initialTheta} from './tensor-lstm/initial-theta.js';
import {RULE_NAME, RULE_VERSION, THETA_LAYOUT, THETA_SIZE} from './tensor-lstm/spec.js';
import type {Rule} from './rule.js';

/** Names of the learned rules; the first is the default. */
export const RULE_NAMES = ['tensor-lstm', 'lstm-dm', 'rnnprop', 'scale'] as const;
export type RuleName = (typeof RULE_NAMES)[number];

/** What theta files, meta-training and the optimizer need to know of any rule. */
export type RuleInfo = Pick<Rule, 'version' | 'layout' | 'thetaSize' | 'initialTheta'> & {readonly name: RuleName};

/** Step and guard that a theta of `tensor-lstm` starts meta-training with. */
const START = {step: 0.015, guard: 2};

const RULES: Readonly<Record<RuleName, RuleInfo>> = {
  'tensor-lstm': {name: RULE_NAME, version: RULE_VERSION, layout: THETA_LAYOUT, thetaSize: THETA_SIZE, initialTheta: random => initialTheta(random, START)},
  'lstm-dm': infoOf('lstm-dm', lstmDm),
  rnnprop: infoOf('rnnprop', rnnprop),
  scale: infoOf('scale', scale),
};

/** Sizes, layout and start of a rule's theta. */
export function ruleInfo(name: RuleName): RuleInfo {
  return RULES[name];
}

function infoOf(name: RuleName, {version, layout, thetaSize, initialTheta: start}: Pick<Rule, 'version' | 'layout' | 'thetaSize' | 'initialTheta'>): RuleInfo {
  return {name, version, layout, thetaSize, initialTheta: random => start(random)};
}
