import {Tensor} from '@tensorflow/tfjs-core';

/** Makes a tensor dispose itself as soon as its values have been read by `data()`, which goes on returning them. */
export function readOnce(tensor: Tensor): void {
  let values: unknown;
  Object.defineProperty(tensor, 'data', {
    configurable: true,
    value: async (): Promise<unknown> => {
      values ??= await Tensor.prototype.data.call(tensor);
      if (!tensor.isDisposed) tensor.dispose();
      return values;
    },
  });
}
