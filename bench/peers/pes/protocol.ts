/** What `../pes.ts` and the two programs that it compares say to each other, in lines of JSON. */

/** The meta-training that both programs run. */
export interface Settings {
  /** Sizes of inputs, hidden layer and outputs. */
  readonly sizes: readonly number[];
  readonly batchSize: number;
  /** Inner steps of a task. */
  readonly horizon: number;
  readonly numPairs: number;
  /** Inner steps between two updates of theta. */
  readonly windowSteps: number;
  readonly sigma: number;
  readonly learningRate: number;
  /** Whether theirs runs both particles of all pairs in one call. */
  readonly stackPairs: boolean;
}

/** Meta-train for about so long by the clock. */
export interface Ask {
  readonly seconds: number;
}

/** What was made of an {@link Ask}. */
export interface Answer {
  /** Inner steps of all particles. */
  readonly steps: number;
  readonly wallSeconds: number;
  /** CPU time of the program, all threads. */
  readonly cpuSeconds: number;
  /** Mean loss of the last window; null where it is not finite. */
  readonly loss: number | null;
}
