/**
 * A loss on fixed data as a function of all parameters, for measures that look around the current ones. Evaluating it
 * changes nothing: neither the parameters it was taken from, nor any state of the run they belong to.
 */
export interface LossProbe {
  /** Shapes of the parameter tensors. A parameter vector is their values, row-major, one tensor after another. */
  readonly shapes: ReadonlyArray<readonly number[]>;
  /** The current parameters: a copy, `[total size]`. */
  parameters(): Float32Array;
  /** Loss at these parameters. May be non-finite: callers drop and count such samples. */
  loss(at: Float32Array): number;
  /** Loss and gradient at these parameters; the gradient is the caller's. */
  gradient(at: Float32Array): {readonly loss: number; readonly gradient: Float32Array};
  /** The Hessian at these parameters times a vector, exactly; the result is the caller's. Without it, gradients are differenced. */
  hessianVector?(at: Float32Array, vector: Float32Array): Float32Array;
}
