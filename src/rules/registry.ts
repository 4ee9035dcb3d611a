import {lstmDm} from './lstm-dm.js';
import {rnnprop} from './rnnprop.js';
import {scale} from './scale/scale.js';
import {initialTheta} from './tensor-lstm/initial-theta.js';
import {RULE_NAME, RULE_VERSION, THETA_LAYOUT, THETA_SIZE} from './tensor-lstm/spec.js';
import type {Rule} from './rule.js';

/** Names of the learned rules; the first is the default. */
export const RULE_NAMES = ['tensor-lstm', 'lstm-dm', 'rnnprop', 'scale'] as const;
/** Name of a learned rule. */
export type RuleName = (typeof RULE_NAMES)[number];

/** What theta files, meta-training and the optimizer need to know of any rule. */
export type RuleInfo = Pick<Rule, 'version' | 'layout' | 'thetaSize' | 'initialTheta'> & {
  readonly name: RuleName;
  /** Its state and step in tf ops. `tensor-lstm` has none here: its runners are in `src/kernel/`. */
  readonly rule: Rule | undefined;
};

/** Step, guard and schedules that a theta of `tensor-lstm` starts meta-training with. */
const START = {step: 0.015, guard: 2, cooldown: 1, decay: 1};

const RULES: Readonly<Record<RuleName, RuleInfo>> = {
  'tensor-lstm': {
    name: RULE_NAME, version: RULE_VERSION, layout: THETA_LAYOUT, thetaSize: THETA_SIZE, initialTheta: random => initialTheta(random, START), rule: undefined,
  },
  'lstm-dm': infoOf('lstm-dm', lstmDm),
  rnnprop: infoOf('rnnprop', rnnprop),
  scale: infoOf('scale', scale),
};

/** Sizes, layout and start of a rule's theta, and its form in tf ops. */
export function ruleInfo(name: RuleName): RuleInfo {
  return RULES[name];
}

/** Whether a value of unknown origin is the name of a rule. */
export function isRuleName(name: unknown): name is RuleName {
  return RULE_NAMES.some(known => known === name);
}

/** The rule whose theta has so many weights: no two have the same number. */
export function ruleOfSize(thetaSize: number): RuleName | undefined {
  return RULE_NAMES.find(name => RULES[name].thetaSize === thetaSize);
}

/** All names, for messages. */
export function ruleNames(): string {
  return RULE_NAMES.map(name => `'${name}'`).join(', ');
}

function infoOf(name: RuleName, rule: Rule): RuleInfo {
  const {version, layout, thetaSize} = rule;
  return {name, version, layout, thetaSize, initialTheta: random => rule.initialTheta(random), rule};
}
