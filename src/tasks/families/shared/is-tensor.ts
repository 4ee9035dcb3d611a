import {Tensor} from '@tensorflow/tfjs-core';

/** Whether a value is a tensor; narrows to the type that functions take. */
export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}
