/** What one step needs beside theta, gradients and slots. */
export interface StepOptions {
  /** Steps made before this one. */
  readonly time: number;
  /** Planned number of steps; 0 where it is unknown. */
  readonly horizon: number;
  /** Multiplier of every step. */
  readonly learningRate: number;
  /** Largest global gradient norm; larger gradients are scaled down to it. `undefined`: no clipping. */
  readonly clipNorm: number | undefined;
  /** Whether steps are relative to the tensor's RMS. */
  readonly parameterScale: boolean;
}

/** One variable of a step, as arrays; `slots` and `tensorSlots` are changed in place. */
export interface ArrayStep {
  /** Values before the step; not changed. */
  readonly parameter: Float32Array;
  readonly gradient: Float32Array;
  /** Receives the values after the step; may be `parameter` itself. */
  readonly output: Float32Array;
  /** `NUM_PARAMETER_SLOTS` planes of the variable's size. */
  readonly slots: Float32Array;
  /** `NUM_TENSOR_SLOTS` floats. */
  readonly tensorSlots: Float32Array;
  readonly shape: readonly number[];
  /** Decoupled weight decay of this variable. */
  readonly weightDecay: number;
}
