import * as tf from '@tensorflow/tfjs-core';
import {CONSTANTS} from '../rules/tensor-lstm/spec.js';

export {root} from '../rules/safe-ops.js';

const {TINY} = CONSTANTS;

const divideOp = tf.customGrad((...inputs) => {
  const [a, b, save] = inputs as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
  const value = tf.div(a, b);
  save([b, value]);
  return {
    value,
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [divisor, quotient] = saved as [tf.Tensor, tf.Tensor];
      const da = tf.div(dy, divisor);
      return [da, tf.neg(tf.mul(da, quotient))];
    },
  };
});

// TF.js has no gradients for comparisons and throws where one stands between theta and a result.
function condition(compare: (x: tf.Tensor) => tf.Tensor): (x: tf.Tensor) => tf.Tensor {
  return tf.customGrad((...inputs) => {
    const [x, save] = inputs as [tf.Tensor, tf.GradSaveFunc];
    save([x]);
    return {value: compare(x), gradFunc: (_: tf.Tensor, saved: tf.Tensor[]) => tf.zerosLike(saved[0]!)};
  });
}

/** Where `x` > 0; its gradient is 0. */
export const isPositive = condition(x => tf.greater(x, 0));

/** Whether all of `x` are finite, as a boolean scalar; its gradient is 0. */
export const isAllFinite = condition(x => tf.all(tf.isFinite(x)));

/**
 * `a / b` for equal shapes. The gradient of `tf.div` squares the divisor, which is 0 in float32 for the divisors near
 * 1e-20 that the rule allows; this one does not.
 */
export function divide<T extends tf.Tensor>(a: T, b: T): T {
  return divideOp(a, b) as T;
}

/** The slices of `x` along its first axis. The gradient of `tf.unstack` throws where there is one alone. */
export function rows(x: tf.Tensor): tf.Tensor[] {
  return x.shape[0] === 1 ? [tf.squeeze(x, [0])] : tf.unstack(x);
}

/** softsign(a / b) for b > 0, without the ratio, which may overflow. */
export function softsignRatio<T extends tf.Tensor>(a: T, b: T): T {
  return divide(a, tf.add<T>(b, tf.abs(a)));
}

/** 1 - beta^count, without the cancellation of the difference. */
export function biasOf<T extends tf.Tensor>(beta: number, count: T): T {
  return tf.neg(tf.expm1(tf.mul<T>(count, Math.log(beta))));
}

/** Log of the root of a mean square ≥ 0. */
export function logRms<T extends tf.Tensor>(meanSquare: T): T {
  return tf.mul(tf.log(tf.add<T>(meanSquare, TINY)), 0.5);
}
