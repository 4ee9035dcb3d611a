import {keep, type Tensor} from '@tensorflow/tfjs-core';
import {assertKept, disposeKept} from './dead-backend.js';

/** A tensor that outlives every tidy and is replaced as a whole. */
export class KeptTensor<T extends Tensor = Tensor> {
  constructor(private tensor: T) {
    keep(tensor);
  }
  get value(): T {
    return this.tensor;
  }
  /** A copy of the values. @throws L2OError `ENVIRONMENT` where the backend that had them is gone. */
  read(): Float32Array {
    assertKept([this.tensor]);
    return this.tensor.dataSync<'float32'>().slice();
  }
  replace(next: T): void {
    this.tensor.dispose();
    this.tensor = keep(next);
  }
  dispose(): void {
    disposeKept([this.tensor]);
  }
}
