/** What the programs that `step.ts` and `flatness.ts` compare are asked, and answer, in lines of JSON; and what the comparisons print. */

/** How long something took that was done again and again, once at least. */
export interface Timing {
  readonly times: number;
  readonly wallSeconds: number;
  /** CPU time of the program, all threads. */
  readonly cpuSeconds: number;
}

/** Optimizer steps to make, on matrices of one shape. */
export interface StepAsk {
  readonly rule: string;
  readonly shape: readonly number[];
  readonly numVariables: number;
}

/** What was found of the steps. */
export interface StepFound {
  /** Whether all parameters are finite after them. */
  readonly finite: boolean;
}

/** What to measure of the loss of a network, again and again. */
export interface FlatnessAsk {
  readonly measure: string;
}

/** What was found of the measure. */
export interface FlatnessFound {
  /** Norm of the gradient, trace, or eigenvalue of largest size. */
  readonly value: number;
}

/** Theirs, ours, and theirs over ours, in nanoseconds a parameter. */
export interface StepCosts {
  readonly nsPerParam: number;
  readonly oursNsPerParam: number;
  readonly ratio: number;
}

/** What a step of a peer's rule costs beside ours, by CPU time. */
export interface StepRow extends StepCosts {
  readonly peer: string;
  readonly numParams: number;
  readonly numVariables: number;
  readonly wall: StepCosts;
}

/** Ours, PyTorch's, and ours over PyTorch's, in milliseconds. */
export interface FlatnessCosts {
  readonly ms: number;
  readonly torchMs: number;
  readonly ratio: number;
}

/** What a measure costs, by CPU time, and what it found. */
export interface FlatnessRow extends FlatnessCosts {
  readonly measure: string;
  readonly value: number;
  readonly torchValue: number;
  readonly wall: FlatnessCosts;
}
