import type {CompiledProblem} from './compiled-problem.js';

/** A task of the compiled engine and how a rule is to be rolled out on it. */
export interface SampledTask {
  /** What kind of task this is, for reports. */
  readonly name: string;
  readonly problem: CompiledProblem;
  /** Number of inner steps. */
  readonly steps: number;
  /** Number of steps that the rule is told; 0 hides it. */
  readonly horizon: number;
  readonly hasLoss: boolean;
  /** Whether the rule steps relative to each tensor's RMS. Default true. */
  readonly parameterScale?: boolean;
}
