import * as tf from '@tensorflow/tfjs-core';
import {CONSTANTS, GLOBAL_FEATURES, LOSS_SLOTS, NUM_LOSS_SLOTS} from '../rules/tensor-lstm/spec.js';
import type {Pace} from './js-global.js';
import {divide, isPositive, softsignRatio} from './ops-math.js';
import {timeOps, type OpsOptions} from './ops-time.js';

/** What one step knows before it looks at any tensor. */
export interface GlobalOps {
  /** Values of the rule's global features, `[NUM_GLOBAL_FEATURES]`. */
  readonly features: tf.Tensor1D;
  /** Factor in (0, 1] on every step of the parameters. */
  readonly guard: tf.Scalar;
  /** The loss slots after the step. */
  readonly lossSlots: tf.Tensor1D;
}

type GlobalFeature = (typeof GLOBAL_FEATURES)[number];
type LossSlot = keyof typeof LOSS_SLOTS;

const {TINY} = CONSTANTS;

function toVector(values: Readonly<Partial<Record<GlobalFeature, tf.Tensor | number>>>): tf.Tensor1D {
  return tf.stack(GLOBAL_FEATURES.map(name => {
    const value = values[name] ?? 0;
    return typeof value === 'number' ? tf.scalar(value) : value;
  })) as tf.Tensor1D;
}

function takeLoss(slots: tf.Tensor1D, loss: tf.Scalar): Record<LossSlot | 'surprise', tf.Scalar> {
  const old = tf.unstack(slots) as tf.Scalar[];
  const seen = old[LOSS_SLOTS.seen]!, isLater = isPositive(seen);
  const orLoss = (later: tf.Scalar): tf.Scalar => tf.where(isLater, later, loss);
  const orZero = (later: tf.Scalar): tf.Scalar => tf.where(isLater, later, tf.zerosLike(later));
  const rate = tf.reciprocal(tf.add(seen, 1));
  const towards = (name: LossSlot, least: number): tf.Scalar =>
    tf.add(old[LOSS_SLOTS[name]]!, tf.mul(tf.sub(loss, old[LOSS_SLOTS[name]]!), tf.maximum(rate, least)));

  const deviation = tf.sub<tf.Scalar>(loss, old[LOSS_SLOTS.fast]!), oldNoise = old[LOSS_SLOTS.noise]!, minimum = old[LOSS_SLOTS.minimum]!;
  // Both branches of every choice are computed: before the first loss the divisor would be 0.
  const noiseRate = tf.maximum(tf.reciprocal(tf.maximum(seen, 1)), CONSTANTS.LOSS_NOISE);
  const fast = orLoss(towards('fast', CONSTANTS.LOSS_FAST));
  return {
    seen: tf.minimum(tf.add(seen, 1), 1e6),
    first: orLoss(old[LOSS_SLOTS.first]!),
    fast,
    slow: orLoss(towards('slow', CONSTANTS.LOSS_SLOW)),
    slower: orLoss(towards('slower', CONSTANTS.LOSS_SLOWER)),
    noise: orZero(tf.add(oldNoise, tf.mul(tf.sub(tf.abs(deviation), oldNoise), noiseRate))),
    minimum: orLoss(tf.minimum(fast, tf.add(minimum, tf.mul(tf.sub(fast, minimum), CONSTANTS.LOSS_FORGET)))),
    surprise: orZero(softsignRatio(tf.mul(deviation, 0.5), atLeast(oldNoise, old[LOSS_SLOTS.fast]!))),
  };
}

/** The loss's noise, kept above what rounding alone would make of it. */
function atLeast(noise: tf.Scalar, level: tf.Scalar): tf.Scalar {
  return tf.add(tf.add(noise, tf.mul(tf.abs(level), CONSTANTS.LOSS_NOISE_LEAST)), TINY);
}

/** Weights of theta that scale the steps of all tensors alike. */
export type ScheduleWeights = Readonly<Record<'guard' | Pace['exponent'], tf.Scalar>>;

/** Takes the step's loss into the loss slots and returns them with what all tensors of the step share. */
export function beginStepOps({guard, ...exponents}: ScheduleWeights, lossSlots: tf.Tensor1D, loss: tf.Scalar | undefined, options: OpsOptions): GlobalOps {
  const {features: time, pace} = timeOps(options, exponents);
  if (loss === undefined) return {features: toVector(time), guard: pace, lossSlots: tf.clone(lossSlots)};

  const state = takeLoss(lossSlots, loss);
  const noise = atLeast(state.noise, state.fast), size = tf.abs(state.first), offset = tf.add(tf.mul(size, 1e-5), TINY);
  const level = tf.abs(state.fast), trend = tf.sub<tf.Scalar>(state.fast, state.slow);
  const relativeRise = divide(tf.sub(state.fast, state.minimum), tf.add(tf.abs(state.minimum), tf.mul(noise, 2)));
  const rise = tf.log1p(tf.minimum(relativeRise, 1e9)) as tf.Scalar;
  const progress = divide(tf.add(level, offset), tf.add(size, offset));
  const slope = divide(tf.mul(trend, 4), tf.add(tf.maximum(tf.abs(state.slow), noise), TINY));
  const noiseRatio = tf.minimum(divide(noise, tf.add(level, TINY)), 1e4);
  const features = toVector({
    ...time,
    hasLoss: 1,
    lossTrend: softsignRatio(trend, noise),
    lossSurprise: state.surprise,
    lossProgress: tf.clipByValue(tf.mul(tf.log(progress), 0.25), -3, 3),
    lossSlope: tf.clipByValue(slope, -2, 2),
    lossRise: tf.mul(tf.minimum(rise, CONSTANTS.GUARD_RANGE), 0.5),
    lossTrendSlow: softsignRatio(tf.sub(state.slow, state.slower), noise),
    lossNoise: tf.mul(tf.add(tf.log(tf.add(noiseRatio, 1e-4)), 3), 0.25),
  });
  const excess = tf.clipByValue(tf.sub(rise, CONSTANTS.GUARD_SLACK), 0, CONSTANTS.GUARD_RANGE);
  const slots = Array.from<tf.Scalar>({length: NUM_LOSS_SLOTS});
  for (const name of Object.keys(LOSS_SLOTS) as LossSlot[]) slots[LOSS_SLOTS[name]] = state[name];
  return {
    features,
    guard: tf.mul(tf.exp(tf.neg(tf.mul(tf.relu(guard), excess))), pace),
    lossSlots: tf.stack(slots) as tf.Tensor1D,
  };
}
