import * as tf from '@tensorflow/tfjs-core';

/** Keeps the gradient of {@link root} finite at 0. */
const SMALLEST_DIVISOR = 1e-20;

const rootOp = tf.customGrad((...inputs) => {
  const [x, save] = inputs as [tf.Tensor, tf.GradSaveFunc];
  const value = tf.sqrt(x);
  save([value]);
  return {
    value,
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.div(dy, tf.maximum(tf.mul(saved[0]!, 2), SMALLEST_DIVISOR)),
  };
});

/** `sqrt(x)` whose gradient at 0 is finite. */
export function root<T extends tf.Tensor>(x: T): T {
  return rootOp(x) as T;
}

/** `x` clipped to `low` … `high`, with the gradient of `x` itself: what is out of range can be pulled back into it. */
export function clipStraightThrough<T extends tf.Tensor>(x: T, low: number, high: number): T {
  const clip = tf.customGrad((...inputs) => ({value: tf.clipByValue(inputs[0] as tf.Tensor, low, high), gradFunc: (dy: tf.Tensor) => dy}));
  return clip(x) as T;
}
