import * as tf from '@tensorflow/tfjs-core';
import {addStep} from './add-step.js';
import {DEEP_LSTM_STATE, type DeepLstmSlot, type DeepLstmWeight, deepLstmWeights, NUM_UNITS, stepDeepLstm, zeroDeepLstm} from './deep-lstm.js';
import type {Rule} from './rule.js';
import {root} from './safe-ops.js';
import {stepActive} from './step-active.js';
import {constant, thetaSpec, truncatedNormal} from './theta-spec.js';

/** Constants of the rule. */
export const RNNPROP = {
  /** Decay of the momentum. */
  BETA1: 0.95,
  /** Decay of the second moment. */
  BETA2: 0.95,
  /** Added to the root of the second moment. */
  EPSILON: 1e-8,
  /** Bound of a step. */
  SCALE: 0.01,
} as const;

const NAME = 'rnnprop';
const NUM_FEATURES = 2;
const SPEC = thetaSpec<DeepLstmWeight | 'inputKernel' | 'inputBias'>(NAME, [
  ['inputKernel', [NUM_FEATURES, NUM_UNITS], truncatedNormal(1 / Math.sqrt(NUM_FEATURES))],
  ['inputBias', [NUM_UNITS], constant(0)],
  ...deepLstmWeights(NUM_UNITS),
]);

/** Both moments of the gradient, `[n]`. */
export interface Moments {
  readonly m: tf.Tensor;
  readonly v: tf.Tensor;
}

/**
 * Adam's direction, and the gradient relative to its own size.
 * @param gradient `[n]`.
 * @param time Steps made before this one.
 * @returns `features` `[2, n]`: m̂ / (√v̂ + ε) and g / (√v̂ + ε); and the next moments.
 */
export function rnnpropFeatures(gradient: tf.Tensor1D, {m, v}: Moments, time: number): Moments & {features: tf.Tensor2D} {
  const {BETA1, BETA2, EPSILON} = RNNPROP;
  const nextM = tf.add(tf.mul(m, BETA1), tf.mul(gradient, 1 - BETA1));
  const nextV = tf.add(tf.mul(v, BETA2), tf.mul(tf.square(gradient), 1 - BETA2));
  const bias1 = 1 - BETA1 ** (time + 1), bias2 = 1 - BETA2 ** (time + 1);
  const size = tf.add(root(tf.div(nextV, bias2)), EPSILON);
  const features = tf.stack([tf.div(tf.div(nextM, bias1), size), tf.div(gradient, size)]) as tf.Tensor2D;
  return {features, m: nextM, v: nextV};
}

/**
 * L2O-RNNProp: an LSTM of two layers on each coordinate by itself that reads Adam's direction instead of the gradient,
 * so that the gradient's scale cancels; steps are at most 0.01. 6,641 weights.
 *
 *     p ← p + learningRate · 0.01 · tanh((linear ∘ LSTM ∘ LSTM ∘ elu ∘ linear)(m̂ / (√v̂ + ε), g / (√v̂ + ε)))
 *
 * Its rate, by which weights decay, is `learningRate` · 0.01.
 *
 * @see Lv, Jiang and Li 2017, "Learning Gradient Descent: Better Generalization and Longer Horizons", arXiv:1703.03633.
 *
 * Differs from the released code of VITA-Group/Open-L2O in nothing but `learningRate`, which multiplies the steps. Its
 * bias corrections go by the step of the run, so features are off for some 20 steps where a variable joins late.
 *
 * Differs from the authors' own code (vfleaking/rnnprop): steps are bounded by 0.01, not by 0.1; the step is added, not
 * subtracted; the features come in the other order; initial weights are not Sonnet's. All but the first are the same rule
 * with other weights.
 *
 * Random scaling of the task while meta-training, and the mix with convex functions, are the task family's, not the rule's.
 */
export const rnnprop: Rule<DeepLstmSlot | keyof Moments, never> = {
  name: NAME,
  version: 1,
  layout: SPEC.layout,
  thetaSize: SPEC.size,
  state: [...DEEP_LSTM_STATE, ['m', 'parameter', 1], ['v', 'parameter', 1]],
  initialTheta: random => SPEC.draw(random),
  initialSlots(_theta, shape) {
    const n = shape.reduce((a, b) => a * b, 1);
    return {...zeroDeepLstm(n), m: tf.zeros([n]), v: tf.zeros([n])};
  },
  initialShared: () => ({}),
  step(theta, variables, _shared, {time, learningRate}) {
    const weights = SPEC.read(theta), inputBias = tf.reshape(weights.array('inputBias'), [NUM_UNITS, 1]), rate = RNNPROP.SCALE * learningRate;
    const stepped = stepActive(variables, active => active.map(variable => {
      const {gradient, slots} = variable;
      const {features, m, v} = rnnpropFeatures(tf.reshape(gradient, [gradient.size]), slots, time);
      const input = tf.elu(tf.add<tf.Tensor2D>(tf.matMul(weights.transposed('inputKernel'), features), inputBias)); // [NUM_UNITS, n]
      const next = stepDeepLstm(weights, input, slots);
      return {parameter: addStep(variable, tf.mul(tf.tanh(next.output), rate), rate), slots: {...next.slots, m, v}};
    }));
    return {variables: stepped, shared: {}};
  },
};
