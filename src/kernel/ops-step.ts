import * as tf from '@tensorflow/tfjs-core';
import {
  CONSTANTS, FIRST_HIDDEN, NUM_MIXED, NUM_PARAMETER_HIDDEN, NUM_PARAMETER_INPUTS, PARAMETER_FEATURES, TENSOR_SLOTS, thetaEntry,
} from '../rules/tensor-lstm/spec.js';
import {beginStepOps} from './ops-global.js';
import {divide, isAllFinite, isPositive, root, rows} from './ops-math.js';
import {stepTensorsOps} from './ops-tensor.js';
import type {CoefficientName, Weights} from './ops-tensor.js';
import type {OpsOptions} from './ops-time.js';

/** One variable of a step, as tensors. */
export interface OpsStep {
  readonly parameter: tf.Tensor;
  readonly gradient: tf.Tensor;
  /** `[NUM_PARAMETER_SLOTS, n]`. */
  readonly slots: tf.Tensor2D;
  /** `[NUM_TENSOR_SLOTS]`. */
  readonly tensorSlots: tf.Tensor1D;
  /** Decoupled weight decay of this variable. */
  readonly weightDecay: number;
}

/** One variable after a step. */
export type OpsStepped = Pick<OpsStep, 'parameter' | 'slots' | 'tensorSlots'>;

/** What {@link stepOps} returns: new tensors, which belong to the caller. */
export interface OpsResult {
  readonly lossSlots: tf.Tensor1D;
  /** In the order of the steps that went in. */
  readonly steps: OpsStepped[];
}

interface Pass {
  /** Scalars. */
  readonly coefficients: Readonly<Record<CoefficientName, tf.Tensor>>;
  /** `[NUM_MIXED]`. */
  readonly mix: tf.Tensor;
  /** `[NUM_PARAMETER_HIDDEN]`. */
  readonly hidden: tf.Tensor;
  readonly gradientScale: tf.Scalar | undefined;
}

type Statistics = Readonly<Record<keyof typeof TENSOR_SLOTS, tf.Tensor>>;
/** Tensor slots that are known before the per-parameter pass. */
type TensorStatistic = 'h' | 'c' | 'count' | 'initialRms' | 'meanV1' | 'meanV2';

const {BETA_M1, BETA_M2, BETA_V2, FEATURE_CLIP, DIRECTION_CLIP} = CONSTANTS;

function clipFeature(x: tf.Tensor): tf.Tensor {
  return tf.clipByValue(x, -FEATURE_CLIP, FEATURE_CLIP);
}

function meanSquare(x: tf.Tensor): tf.Scalar {
  return tf.mean<tf.Scalar>(tf.square(x));
}

// The share of mean(a b) in the product of the RMS; 0 where either vanishes.
function cosine(meanProduct: tf.Tensor, meanSquareA: tf.Tensor, meanSquareB: tf.Tensor): tf.Tensor {
  const norm = tf.mul(root(meanSquareA), root(meanSquareB)), isDefined = isPositive(norm);
  return tf.where(isDefined, divide(meanProduct, tf.where(isDefined, norm, tf.onesLike(norm))), tf.zerosLike(norm));
}

// The direction of each parameter from its features, all features first: the small kernels multiply from the left.
function directionOf(weights: Weights, features: tf.Tensor2D, {mix, hidden}: Pass): tf.Tensor1D {
  const n = features.shape[1], bias = tf.reshape(tf.add(hidden, weights('hiddenBias')), [NUM_PARAMETER_HIDDEN, 1]);
  const inputs = tf.slice(features, [FIRST_HIDDEN, 0], [NUM_PARAMETER_INPUTS, n]);
  const active = tf.relu(tf.add<tf.Tensor2D>(tf.matMul(weights('hiddenKernel'), inputs, true), bias)); // [NUM_PARAMETER_HIDDEN, n]
  const added = tf.matMul(tf.reshape(weights('headKernel'), [1, NUM_PARAMETER_HIDDEN]), active); // [1, n]
  const mixed = tf.matMul(tf.reshape(mix, [1, NUM_MIXED]), tf.slice(features, [0, 0], [NUM_MIXED, n])); // [1, n]
  const direction = tf.add(tf.add(mixed, added), weights('headBias'));
  return tf.reshape(tf.clipByValue(direction, -DIRECTION_CLIP, DIRECTION_CLIP), [n]);
}

// The per-parameter pass; the returned statistics are those that the next step normalises by.
function applyStep(weights: Weights, step: OpsStep, pass: Pass): {
  parameter: tf.Tensor; slots: tf.Tensor2D; statistics: Omit<Statistics, TensorStatistic>;
} {
  const {coefficients: k} = pass;
  const p = tf.reshape(step.parameter, [-1]), raw = tf.reshape(step.gradient, [-1]); // [n]
  const g = pass.gradientScale === undefined ? raw : tf.mul(raw, pass.gradientScale);
  const [oldM1, oldM2, oldV] = tf.unstack(step.slots) as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
  const towards = (old: tf.Tensor, target: tf.Tensor, beta: number): tf.Tensor => tf.add(old, tf.mul(tf.sub(target, old), 1 - beta));
  const m1 = towards(oldM1, g, BETA_M1), m2 = towards(oldM2, g, BETA_M2), v = towards(oldV, tf.square(g), BETA_V2);

  const rootV = root(tf.mul(v, k.biasV)), inverse = tf.reciprocal(tf.add(rootV, k.epsilon));
  const features: Record<(typeof PARAMETER_FEATURES)[number], tf.Tensor> = {
    gradient: clipFeature(tf.mul(g, inverse)),
    adam: tf.mul(tf.mul(m1, k.biasM1), inverse),
    slowAdam: tf.mul(tf.mul(m2, k.biasM2), inverse),
    tensorGradient: clipFeature(tf.mul(g, k.normG)),
    tensorMomentum: clipFeature(tf.mul(m1, k.normM1)),
    tensorSlowMomentum: clipFeature(tf.mul(m2, k.normM2)),
    parameter: clipFeature(tf.mul(p, k.normP)),
    variance: tf.sub(tf.minimum(tf.mul(rootV, k.normV), FEATURE_CLIP), 1),
  };
  const stacked = tf.stack(PARAMETER_FEATURES.map(name => features[name])) as tf.Tensor2D; // [NUM_PARAMETER_FEATURES, n]
  // What has never had a gradient stays where it is.
  const learned = directionOf(weights, stacked, pass), direction = tf.where(isPositive(v), learned, tf.zerosLike(learned));
  // Decay and step are added first: p · (1 − decay) would lose a decay below 6e-8 to float32.
  const next = tf.sub(p, tf.add(tf.mul(p, k.decay), tf.mul(direction, k.step)));
  const meanSquareM1 = meanSquare(m1), meanSquareM2 = meanSquare(m2);
  return {
    parameter: tf.reshape(next, step.parameter.shape),
    slots: tf.stack([m1, m2, v]) as tf.Tensor2D,
    statistics: {
      meanSquareM1,
      meanSquareM2,
      meanSquareP: meanSquare(next),
      meanSquareDirection: meanSquare(direction),
      cosGradientMomentum: cosine(tf.mean(tf.mul(g, m1)), meanSquare(g), meanSquareM1),
      cosMomenta: cosine(tf.mean(tf.mul(m1, m2)), meanSquareM1, meanSquareM2),
    },
  };
}

function packStatistics(statistics: Statistics): tf.Tensor1D {
  const names = Object.keys(TENSOR_SLOTS) as (keyof typeof TENSOR_SLOTS)[];
  names.sort((a, b) => TENSOR_SLOTS[a] - TENSOR_SLOTS[b]);
  return tf.concat<tf.Tensor1D>(names.map(name => tf.reshape(statistics[name], [-1])));
}

function sumSquares(tensors: readonly tf.Tensor[]): tf.Scalar {
  return tf.addN(tensors.map(x => tf.sum(tf.square(x)))) as tf.Scalar;
}

/**
 * One step of the rule `tensor-lstm` in tf ops: the reference for the fused kernels, the form that is differentiable with
 * respect to `theta`, and the path of backends without a fused kernel.
 *
 * Nothing is read back or changed, on any backend. Gradients of first order flow to `theta`, through parameters, slots and
 * loss. Where gradients or loss may be non-finite, choose between the old state and the new one by {@link allFinite} and
 * {@link selectFinite}. The caller tidies.
 *
 * @param theta Weights of the rule, `[THETA_SIZE]`.
 * @param lossSlots `[NUM_LOSS_SLOTS]`.
 * @param loss Loss that the gradients belong to; `undefined` where it is unknown.
 * @param steps One entry a variable; those without elements come back as they are and count nowhere. Where
 *   there are no others, nothing changes.
 */
export function stepOps(
  theta: tf.Tensor1D, lossSlots: tf.Tensor1D, loss: tf.Scalar | undefined, steps: readonly OpsStep[], options: OpsOptions,
): OpsResult {
  const arrays = new Map<string, tf.Tensor>();
  const weights: Weights = name => {
    const {offset, size, shape} = thetaEntry(name);
    const array = arrays.get(name) ?? tf.reshape(tf.slice(theta, offset, size), [...shape]);
    arrays.set(name, array);
    return array;
  };
  const scalar = (name: string): tf.Scalar => tf.reshape(weights(name), []);
  const active = steps.filter(step => step.parameter.size > 0);
  const untouched = (step: OpsStep): OpsStepped =>
    ({parameter: tf.clone(step.parameter), slots: tf.clone(step.slots), tensorSlots: tf.clone(step.tensorSlots)});
  if (active.length === 0) return {lossSlots: tf.clone(lossSlots), steps: steps.map(untouched)};
  const schedule = {guard: scalar('guard'), cooldown: scalar('cooldown'), decay: scalar('decay')};
  const shared = beginStepOps(schedule, lossSlots, loss, options);

  const gradients = active.map(step => step.gradient), {clipNorm} = options;
  const gradientScale = clipNorm === undefined ? undefined :
    tf.div<tf.Scalar>(clipNorm, tf.maximum(tf.sqrt(sumSquares(gradients)), clipNorm));
  const scaled = gradientScale === undefined ? gradients : gradients.map(g => tf.mul(g, gradientScale));
  const tensors = stepTensorsOps(
    weights, tf.stack(active.map(step => step.tensorSlots)) as tf.Tensor2D, tf.stack(scaled.map(meanSquare)) as tf.Tensor1D,
    tf.stack(active.map(step => meanSquare(step.parameter))) as tf.Tensor1D, active.map(step => step.parameter.shape),
    active.map(step => step.weightDecay), shared, options);

  const each = <K extends string>(vectors: Readonly<Record<K, tf.Tensor>>): Array<Record<K, tf.Tensor>> => {
    const unstacked = Object.entries<tf.Tensor>(vectors).map(([name, vector]) => [name, rows(vector)] as const);
    return active.map((_, i) => Object.fromEntries(unstacked.map(([name, parts]) => [name, parts[i]!])) as Record<K, tf.Tensor>);
  };
  const {coefficients, mix, hidden, ...early} = tensors;
  const ownCoefficients = each(coefficients), ownWeights = each({mix, hidden}), ownEarly = each<TensorStatistic>(early);
  const stepped = active.map((step, i): OpsStepped => {
    const {parameter, slots, statistics} = applyStep(weights, step, {coefficients: ownCoefficients[i]!, ...ownWeights[i]!, gradientScale});
    return {parameter, slots, tensorSlots: packStatistics({...ownEarly[i]!, ...statistics})};
  });
  let next = 0;
  return {lossSlots: shared.lossSlots, steps: steps.map(step => (step.parameter.size > 0 ? stepped[next++]! : untouched(step)))};
}

/** Whether the loss, if there is one, and all gradients are finite: a boolean scalar that never leaves the backend. */
export function allFinite(gradients: readonly tf.Tensor[], loss?: tf.Scalar): tf.Scalar {
  const sum = gradients.length === 0 ? tf.scalar(0) : sumSquares(gradients);
  return isAllFinite(tf.stack(loss === undefined ? [sum] : [sum, loss])) as tf.Scalar;
}

/** `next` where `finite` (see {@link allFinite}) is true, else `previous`; both of one shape. */
export function selectFinite<T extends tf.Tensor>(finite: tf.Scalar, next: T, previous: T): T {
  return tf.where(finite, next, previous);
}
