import {keep, type Tensor} from '@tensorflow/tfjs-core';

/** A tensor that outlives every tidy and is replaced as a whole. */
export class KeptTensor<T extends Tensor = Tensor> {
  constructor(private tensor: T) {
    keep(tensor);
  }
  get value(): T {
    return this.tensor;
  }
  replace(next: T): void {
    this.tensor.dispose();
    this.tensor = keep(next);
  }
  dispose(): void {
    if (!this.tensor.isDisposed) this.tensor.dispose();
  }
}
