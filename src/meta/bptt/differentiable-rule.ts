import {zeros, type Tensor1D, type Tensor2D} from '@tensorflow/tfjs-core';
import {stepOps} from '../../kernel/ops-step.js';
import {ruleInfo, type RuleName} from '../../rules/registry.js';
import type {Rule} from '../../rules/rule.js';
import {NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS} from '../../rules/tensor-lstm/spec.js';

/** What backpropagation needs of a rule. */
export type DifferentiableRule = Pick<Rule, 'initialSlots' | 'initialShared' | 'step'>;

type TensorLstm = Pick<Rule<'slots' | 'tensorSlots', 'lossSlots'>, keyof DifferentiableRule>;

/** `tensor-lstm` by its tf-ops reference. */
const tensorLstm: TensorLstm = {
  initialSlots: (_theta, shape) => ({slots: zeros([NUM_PARAMETER_SLOTS, shape.reduce((a, b) => a * b, 1)]), tensorSlots: zeros([NUM_TENSOR_SLOTS])}),
  initialShared: () => ({lossSlots: zeros([NUM_LOSS_SLOTS])}),
  step(theta, variables, {lossSlots}, {time, horizon, learningRate, loss}) {
    const steps = variables.map(({parameter, gradient, slots, weightDecay = 0}) =>
      ({parameter, gradient, slots: slots.slots as Tensor2D, tensorSlots: slots.tensorSlots as Tensor1D, weightDecay}));
    const result = stepOps(theta, lossSlots as Tensor1D, loss, steps, {time, horizon, learningRate, clipNorm: undefined, parameterScale: true});
    return {variables: result.steps.map(({parameter, slots, tensorSlots}) => ({parameter, slots: {slots, tensorSlots}})), shared: {lossSlots: result.lossSlots}};
  },
};

/** The form of a rule that is differentiable with respect to theta. */
export function differentiableRule(name: RuleName): DifferentiableRule {
  return ruleInfo(name).rule ?? tensorLstm;
}
