import * as tf from '@tensorflow/tfjs-core';
import {CONSTANTS} from '../rules/tensor-lstm/spec.js';
import {paceOf, timeFeatures, type Pace, type TimeFeature} from './js-global.js';
import type {StepOptions} from './types.js';

/** Options of a step; the time is a scalar where the device alone knows how many steps have been made. */
export type OpsOptions = Omit<StepOptions, 'time'> & {readonly time: number | tf.Scalar};

/** What a step knows of the time: features of the rule, and the factor on every step. */
export interface TimeOps {
  readonly features: Readonly<Record<TimeFeature, tf.Scalar | number>>;
  readonly pace: tf.Scalar;
}

type Exponents = Readonly<Record<Pace['exponent'], tf.Scalar>>;

const {COOLDOWN_SHARE, DECAY_TIME, HORIZON_KNOWN, TIME_KNOWN, TINY} = CONSTANTS;

/** Features and pace of a step. */
export function timeOps({time, horizon}: Pick<OpsOptions, 'time' | 'horizon'>, exponents: Exponents): TimeOps {
  if (typeof time !== 'number') return onDevice(time, horizon, exponents);
  const {factor, base, exponent} = paceOf({time, horizon});
  return {features: timeFeatures({time, horizon}), pace: tf.mul(power(Math.log(base), exponents[exponent]), factor)};
}

/** A power, by the logarithm of its base; a negative exponent counts as 0. */
function power(logBase: tf.Scalar | number, exponent: tf.Scalar): tf.Scalar {
  return tf.exp(tf.mul<tf.Scalar>(tf.relu(exponent), logBase));
}

/** Log of `x`, with a bound that only branches which are not taken reach. */
function log(x: tf.Scalar): tf.Scalar {
  return tf.log(tf.maximum<tf.Scalar>(x, TINY));
}

// `planEnd` in tf ops: the power of two is one too small at most, where the logarithm has been rounded down.
function planEndOps(time: tf.Scalar, horizon: number): tf.Scalar {
  const doublings = tf.floor(tf.div(tf.log(tf.maximum(tf.div(time, horizon), 1)), Math.LN2));
  const end = tf.mul<tf.Scalar>(tf.round(tf.pow(2, doublings)), horizon), twice = tf.mul<tf.Scalar>(end, 2);
  return tf.where<tf.Scalar>(tf.greater(end, time), end, tf.where<tf.Scalar>(tf.greater(twice, time), twice, tf.mul<tf.Scalar>(end, 4)));
}

// `timeFeatures` and `paceOf` in tf ops. Both branches of every choice are computed.
function onDevice(time: tf.Scalar, horizon: number, {cooldown, decay}: Exponents): TimeOps {
  const known = tf.minimum<tf.Scalar>(time, TIME_KNOWN), logTime = tf.log1p(known), beyond = tf.div<tf.Scalar>(known, tf.maximum(time, 1));
  const slower = power(tf.mul<tf.Scalar>(tf.log1p(tf.div<tf.Scalar>(known, DECAY_TIME)), -0.5), decay), late = tf.where(tf.greater(time, TIME_KNOWN), beyond, 1);
  const later = {
    logTime: tf.tanh(tf.sub<tf.Scalar>(tf.div(logTime, 3), 1)),
    logTimeLinear: tf.minimum<tf.Scalar>(tf.div(tf.sub(logTime, 4), 3), 3),
    inverseRootTime: tf.rsqrt(tf.add<tf.Scalar>(known, 1)),
  };
  if (!(horizon > 0)) {
    return {features: {hasHorizon: 0, fraction: 0, fractionStart: 0, logRemaining: 0, fractionEnd: 0, logHorizon: 0, ...later}, pace: tf.mul(slower, late)};
  }
  const end = planEndOps(time, horizon), f = tf.div<tf.Scalar>(time, end), left = tf.sub<tf.Scalar>(1, f); // share of the run that is to come
  const planned = tf.lessEqual(end, HORIZON_KNOWN), orZero = (value: tf.Scalar | number): tf.Scalar => tf.where(planned, value, 0);
  return {
    features: {
      hasHorizon: orZero(1),
      fraction: orZero(tf.sub<tf.Scalar>(tf.mul(f, 2), 1)),
      fractionStart: orZero(tf.tanh(tf.mul<tf.Scalar>(tf.sub(f, 0.1), 10))),
      logRemaining: orZero(tf.add<tf.Scalar>(tf.mul<tf.Scalar>(log(tf.sub<tf.Scalar>(1.01, f)), Math.LOG10E), 1)),
      fractionEnd: orZero(tf.tanh(tf.mul<tf.Scalar>(tf.sub(f, 0.95), 20))),
      logHorizon: orZero(tf.clipByValue<tf.Scalar>(tf.div<tf.Scalar>(tf.sub(tf.log(end), 6.5), 2), -3, 3)),
      ...later,
    },
    pace: tf.where(
      planned, power(log(tf.minimum<tf.Scalar>(tf.div(left, COOLDOWN_SHARE), 1)), cooldown), tf.mul<tf.Scalar>(slower, tf.mul(tf.sqrt(late), left))),
  };
}
