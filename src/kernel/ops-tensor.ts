import * as tf from '@tensorflow/tfjs-core';
import {
  CONSTANTS, NUM_HIDDEN, NUM_MIXED, NUM_PARAMETER_HIDDEN, NUM_TENSOR_SLOTS, OUTPUTS, PARAMETER_FEATURES, TENSOR_FEATURES, TENSOR_SLOTS,
} from '../rules/tensor-lstm/spec.js';
import type {GlobalOps} from './ops-global.js';
import {biasOf, divide, isPositive, logRms, root} from './ops-math.js';
import type {OpsOptions} from './ops-time.js';

/** Numbers of the per-parameter pass, one a tensor. */
export type CoefficientName =
  | 'step' | 'decay' | 'normG' | 'normM1' | 'normM2' | 'normP' | 'normV' | 'biasM1' | 'biasM2' | 'biasV' | 'epsilon';

/** What the LSTM and the slots of all T tensors give to their per-parameter passes. */
export interface TensorOps {
  /** One `[T]` vector a coefficient. */
  readonly coefficients: Readonly<Record<CoefficientName, tf.Tensor>>;
  /** Weights of the mixed features, Adam's own included, `[T, NUM_MIXED]`. */
  readonly mix: tf.Tensor2D;
  /** Biases of the hidden units without the shared one, `[T, NUM_PARAMETER_HIDDEN]`. */
  readonly hidden: tf.Tensor2D;
  /** LSTM state after the step, `[T, NUM_HIDDEN]` each. */
  readonly h: tf.Tensor2D;
  readonly c: tf.Tensor2D;
  /** Tensor slots that the step sets before the per-parameter pass, `[T]` each. */
  readonly count: tf.Tensor1D;
  readonly initialRms: tf.Tensor1D;
  readonly meanV1: tf.Tensor1D;
  readonly meanV2: tf.Tensor1D;
}

/** Weight array of theta by name. */
export type Weights = (name: string) => tf.Tensor;

type StatisticName = Exclude<keyof typeof TENSOR_SLOTS, 'h' | 'c'>;

const {BETA_M1, BETA_M2, BETA_V1, BETA_V2, FLOOR_ABSOLUTE, FLOOR_RELATIVE, FLOOR_UNKNOWN, TINY} = CONSTANTS;

function columns(x: tf.Tensor2D, start: number, count: number): tf.Tensor2D {
  return tf.slice(x, [0, start], [-1, count]);
}

function inverse(x: tf.Tensor): tf.Tensor1D {
  return divide(tf.onesLike(x), x) as tf.Tensor1D;
}

function snr(meanSquare: tf.Tensor, bias: tf.Tensor, logV2: tf.Tensor): tf.Tensor {
  return tf.clipByValue(tf.sub(logRms(tf.div(meanSquare, tf.square(bias))), logV2), -4, 4);
}

// The least RMS that a tensor's steps are relative to, from the RMS that the T tensors had at first: T times the same.
// tf.maximum has no gradient for a tensor that it broadcasts.
function rmsFloor(initialRms: tf.Tensor1D, sizes: readonly number[]): tf.Tensor1D {
  const total = sizes.reduce((a, b) => a + b, 0), shares = tf.tensor1d(sizes.map(size => size / total));
  const rms = root(tf.sum(tf.mul(tf.square(initialRms), shares)));
  const floor = tf.where(isPositive(tf.sub(FLOOR_UNKNOWN, rms)), tf.scalar(FLOOR_ABSOLUTE), tf.mul(rms, FLOOR_RELATIVE));
  return tf.add(tf.zerosLike(initialRms), floor);
}

function runLstm(weights: Weights, inputs: tf.Tensor2D, h: tf.Tensor2D, c: tf.Tensor2D): {h: tf.Tensor2D; c: tf.Tensor2D; outputs: tf.Tensor2D} {
  const gates = tf.add(tf.matMul(tf.concat([inputs, h], 1), weights('gateKernel')), weights('gateBias')); // [T, 4 * NUM_HIDDEN]
  const [input, forget, candidate, output] = tf.split(gates, 4, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const cell = tf.add<tf.Tensor2D>(tf.mul(tf.sigmoid(tf.add(forget, 1)), c), tf.mul(tf.sigmoid(input), tf.tanh(candidate)));
  const state = tf.mul<tf.Tensor2D>(tf.sigmoid(output), tf.tanh(cell));
  return {h: state, c: cell, outputs: tf.add(tf.matMul(state, weights('outputKernel')), weights('outputBias'))};
}

/**
 * Runs the LSTM for T tensors at once.
 *
 * @param slots Tensor slots, `[T, NUM_TENSOR_SLOTS]`.
 * @param meanSquareG Mean square of each tensor's gradient, after clipping, `[T]`.
 * @param meanSquareP Mean square of each tensor, for those that have no slots yet, `[T]`.
 * @param shapes Shapes of the T tensors.
 * @param weightDecays Decoupled weight decay of each.
 */
export function stepTensorsOps(
  weights: Weights, slots: tf.Tensor2D, meanSquareG: tf.Tensor1D, meanSquareP: tf.Tensor1D, shapes: readonly (readonly number[])[],
  weightDecays: number[], shared: GlobalOps, options: OpsOptions,
): TensorOps {
  const numTensors = shapes.length, numBefore = TENSOR_SLOTS.count;
  // [T, NUM_TENSOR_SLOTS - numBefore] → one [T] a statistic
  const statistics = tf.unstack(columns(slots, numBefore, NUM_TENSOR_SLOTS - numBefore), 1) as tf.Tensor1D[];
  const old = (name: StatisticName): tf.Tensor1D => statistics[TENSOR_SLOTS[name] - numBefore]!;
  const oldCount = old('count'), isSeen = isPositive(oldCount), zeros = tf.zerosLike(oldCount);
  const ifSeen = (value: tf.Tensor): tf.Tensor => tf.where(isSeen, value, zeros);
  const sizes = shapes.map(shape => shape.reduce((a, b) => a * b, 1));
  const known = (value: (shape: readonly number[], size: number) => number): tf.Tensor1D =>
    tf.tensor1d(shapes.map((shape, i) => value(shape, sizes[i]!)));

  const rmsP = root(tf.where(isSeen, old('meanSquareP'), meanSquareP));
  const initialRms = tf.where(isSeen, old('initialRms'), rmsP);
  const floor = rmsFloor(initialRms, sizes), floored = tf.maximum<tf.Tensor1D>(rmsP, floor);

  // Both branches of every choice are computed: before a variable's first step the corrections would be 0.
  const safeCount = tf.maximum<tf.Tensor1D>(oldCount, 1);
  const logV2 = logRms(tf.div(old('meanV2'), biasOf(BETA_V2, safeCount)));
  const snrFast = ifSeen(snr(old('meanSquareM1'), biasOf(BETA_M1, safeCount), logV2));
  const logV1 = logRms(tf.div(old('meanV1'), biasOf(BETA_V1, safeCount)));
  const growth = tf.log(divide(floored, tf.maximum<tf.Tensor1D>(initialRms, floor)));
  const features: Record<(typeof TENSOR_FEATURES)[number], tf.Tensor> = {
    gradientBurst: ifSeen(tf.clipByValue(tf.sub(logRms(meanSquareG), logV2), -3, 3)),
    cosGradientMomentum: ifSeen(old('cosGradientMomentum')),
    cosMomenta: ifSeen(old('cosMomenta')),
    snrFast: tf.mul(snrFast, 0.5),
    snrSlow: tf.mul(ifSeen(snr(old('meanSquareM2'), biasOf(BETA_M2, safeCount), logV2)), 0.5),
    varianceTrend: ifSeen(tf.clipByValue(tf.sub(logV1, logV2), -3, 3)),
    growth: ifSeen(tf.mul(tf.clipByValue(growth, -4, 4), 0.5)),
    lastDirection: ifSeen(tf.mul(tf.clipByValue(logRms(old('meanSquareDirection')), -4, 4), 0.5)),
    logSize: known((_, size) => Math.log(size) / 5 - 1),
    isMatrix: known(shape => Number(shape.length >= 2)),
    isConv: known(shape => Number(shape.length >= 3)),
    logNumTensors: known(() => Math.log(numTensors) / 2 - 1),
    fanRatio: known((shape, size) => (shape.length >= 2 ? (Math.log(size) - 2 * Math.log(shape.at(-1)!)) / 4 : 0)),
    isZeroInit: tf.cast(isPositive(tf.sub(floor, initialRms)), 'float32'),
    meanSnr: tf.add(zeros, tf.mul(tf.mean(snrFast), 0.5)),
  };
  const ownInputs = tf.stack(TENSOR_FEATURES.map(name => features[name]), 1); // [T, tensor features]
  const sharedInputs = tf.tile(tf.expandDims(shared.features, 0), [numTensors, 1]); // [T, global features]
  const lstm = runLstm(weights, tf.concat([sharedInputs, ownInputs], 1) as tf.Tensor2D,
    columns(slots, TENSOR_SLOTS.h, NUM_HIDDEN), columns(slots, TENSOR_SLOTS.c, NUM_HIDDEN));

  const count = tf.add<tf.Tensor1D>(oldCount, 1);
  const logStep = tf.clipByValue(
    tf.add(tf.mul(tf.squeeze(columns(lstm.outputs, OUTPUTS.logStep, 1), [1]), CONSTANTS.LOG_STEP_GAIN), CONSTANTS.LOG_STEP_START),
    CONSTANTS.LOG_STEP_MIN, CONSTANTS.LOG_STEP_MAX);
  const rate = tf.mul(tf.mul(tf.exp(logStep), shared.guard), options.learningRate);
  const most = tf.mul(tf.maximum<tf.Tensor1D>(initialRms, floor), CONSTANTS.GROWTH_MAX);
  const scale = options.parameterScale ? tf.minimum(floored, most) : tf.onesLike(floored);
  const decay = tf.minimum(tf.mul(tf.mul(rate, tf.minimum(scale, 1)), tf.tensor1d(weightDecays)), 1);
  const biasV = inverse(biasOf(BETA_V2, count));
  // Second moments are linear in g²: their means follow without a sum.
  const towards = (mean: tf.Tensor1D, beta: number): tf.Tensor1D => tf.add(mean, tf.mul(tf.sub(meanSquareG, mean), 1 - beta));
  const meanV1 = towards(old('meanV1'), BETA_V1), meanV2 = towards(old('meanV2'), BETA_V2), rmsV = root<tf.Tensor1D>(tf.mul(meanV2, biasV));
  const momentumNorm = (meanSquare: tf.Tensor1D, beta: number): tf.Tensor1D =>
    inverse(tf.add(root(tf.add(tf.mul(meanSquare, beta * beta), tf.mul(meanSquareG, (1 - beta) * (1 - beta)))), TINY));
  const adam = tf.tensor1d(PARAMETER_FEATURES.slice(0, NUM_MIXED).map(name => Number(name === 'adam')));
  return {
    coefficients: {
      step: tf.mul(rate, scale),
      decay,
      normG: inverse(tf.add(root(tf.maximum<tf.Tensor1D>(meanSquareG, tf.div(meanV1, biasOf(BETA_V1, count)))), TINY)),
      normM1: momentumNorm(old('meanSquareM1'), BETA_M1),
      normM2: momentumNorm(old('meanSquareM2'), BETA_M2),
      normP: inverse(floored),
      normV: inverse(tf.add(rmsV, TINY)),
      biasM1: inverse(biasOf(BETA_M1, count)),
      biasM2: inverse(biasOf(BETA_M2, count)),
      biasV,
      epsilon: tf.add(tf.minimum(tf.mul(rmsV, CONSTANTS.EPSILON_RELATIVE), CONSTANTS.EPSILON), TINY),
    },
    mix: tf.add(columns(lstm.outputs, OUTPUTS.mix, NUM_MIXED), adam),
    hidden: columns(lstm.outputs, OUTPUTS.hidden, NUM_PARAMETER_HIDDEN),
    h: lstm.h,
    c: lstm.c,
    count,
    initialRms,
    meanV1,
    meanV2,
  };
}
