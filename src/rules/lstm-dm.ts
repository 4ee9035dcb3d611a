import * as tf from '@tensorflow/tfjs-core';
import {addStep} from './add-step.js';
import {DEEP_LSTM_STATE, type DeepLstmSlot, type DeepLstmWeight, deepLstmWeights, stepDeepLstm, zeroDeepLstm} from './deep-lstm.js';
import type {Rule} from './rule.js';
import {stepActive} from './step-active.js';
import {thetaSpec} from './theta-spec.js';

/** Constants of the rule. */
export const LSTM_DM = {
  /** Range of the gradient's logarithm: what is smaller than exp(-RANGE) is told apart by its value alone. */
  RANGE: 5,
  /** Added to the gradient's magnitude: float32's own epsilon. */
  EPSILON: 2 ** -23,
  /** One unit of the network's output, as a step. */
  SCALE: 0.01,
} as const;

const NAME = 'lstm-dm';
const NUM_FEATURES = 2;
const SPEC = thetaSpec<DeepLstmWeight>(NAME, deepLstmWeights(NUM_FEATURES));

/**
 * Features of gradients of any magnitude: logarithm and sign above exp(-RANGE), else -1 and the scaled value.
 * @param gradient `[n]`.
 * @returns `[2, n]`.
 */
export function logAndSign(gradient: tf.Tensor1D): tf.Tensor2D {
  const {RANGE, EPSILON} = LSTM_DM;
  const logarithm = tf.maximum(tf.div(tf.log(tf.add(tf.abs(gradient), EPSILON)), RANGE), -1);
  const sign = tf.clipByValue(tf.mul(gradient, Math.exp(RANGE)), -1, 1);
  return tf.stack([logarithm, sign]) as tf.Tensor2D;
}

/**
 * L2O-DM: one LSTM of two layers on each coordinate by itself, all with the same 5,141 weights.
 *
 *     p ← p + learningRate · 0.01 · (linear ∘ LSTM ∘ LSTM)(log |g| / 5, sign of g)
 *
 * Nothing but the weights bounds a step, and an untrained theta steps at random.
 * Its rate, by which weights decay, is `learningRate` · 0.01.
 *
 * @see Andrychowicz et al. 2016, arXiv:1606.04474, with its appendix A for the features.
 *
 * Differs from the released code (deepmind/learning-to-learn; the same network in VITA-Group/Open-L2O):
 * - The released code takes the gradient as it is, with a scale of 1 instead of 0.01, on quadratics, LASSO and
 *   Rastrigin's function; here all tasks have the same features and scale, so that one theta serves all.
 * - The linear layer's bias starts at 0, as in Sonnet 1's later versions; its first ones drew it too.
 * - `learningRate` multiplies the steps.
 *
 * Differs from the paper in the features' range, which its appendix A sets to 10 (the released code: 5); and it chooses
 * between their two forms by magnitude, where the released code clips both, to the same effect but for the epsilon.
 */
export const lstmDm: Rule<DeepLstmSlot, never> = {
  name: NAME,
  version: 1,
  layout: SPEC.layout,
  thetaSize: SPEC.size,
  state: DEEP_LSTM_STATE,
  initialTheta: random => SPEC.draw(random),
  initialSlots: (_theta, shape) => zeroDeepLstm(shape.reduce((a, b) => a * b, 1)),
  initialShared: () => ({}),
  step(theta, variables, _shared, {learningRate}) {
    const weights = SPEC.read(theta), rate = LSTM_DM.SCALE * learningRate;
    const stepped = stepActive(variables, active => active.map(variable => {
      const {gradient, slots} = variable, next = stepDeepLstm(weights, logAndSign(tf.reshape(gradient, [gradient.size])), slots);
      return {parameter: addStep(variable, tf.mul(next.output, rate), rate), slots: next.slots};
    }));
    return {variables: stepped, shared: {}};
  },
};
