/** What `../flatness.ts` and the programs that it compares agree on. */
export interface FlatnessSettings {
  /** Inputs, hidden units, outputs. */
  readonly sizes: readonly [number, number, number];
  readonly batchSize: number;
  /** Vectors of Hutchinson's estimator, and iterations for the eigenvalue. */
  readonly numProbes: number;
}

/** Elements of a tensor. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
