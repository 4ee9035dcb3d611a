import type {Scalar, Tensor, Tensor1D} from '@tensorflow/tfjs-core';
import type {Layout} from './gpu-layout.js';
import type {GpuProgram, TexelSize} from './gpu-program.js';

/** How a GPU backend of TF.js keeps matrices of texels, and runs programs on them. All tensors belong to the caller, who tidies. */
export interface GpuDevice {
  readonly name: 'webgl' | 'webgpu';
  /** Why nothing can be run or read any longer, such as a lost context; undefined while all is well. */
  lost(): string | undefined;
  /** A matrix with these values, four floats a texel, row by row; what is missing is 0. */
  upload(size: TexelSize, values: Float32Array): Tensor;
  /** A copy of `count` of its values from number `start` on; waits for the device, the first time that this matrix is asked for. */
  download(matrix: Tensor, size: TexelSize, start: number, count: number): Float32Array;
  run(program: GpuProgram, inputs: Readonly<Record<string, Tensor>>, uniforms?: readonly (readonly number[])[]): Tensor;
  /**
   * Values of the variables, of any shape, as a plane of their layout, each filled up to whole texels, with the loss behind them.
   */
  gather(values: readonly Tensor[], loss: Scalar | undefined, layout: Layout): Tensor;
  /** The values of a plane as one vector, four a texel. */
  flat(plane: Tensor, layout: Layout): Tensor1D;
  /** The first float of a matrix. */
  first(matrix: Tensor): Scalar;
}
