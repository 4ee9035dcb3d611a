import type {BaselineKind} from './optimizers.js';
import type {WrongPlan} from './evaluate-task.js';

/** An inter-quartile mean over tasks, with a 95 % bootstrap interval over tasks, and over seeds within tasks. */
export interface SpeedUpSummary {
  readonly iqm: number;
  readonly low: number;
  readonly high: number;
  /** Tasks on which one side never reached the other's final loss, and 4 or 1/4 was counted. */
  readonly notReached: readonly string[];
}

/** A loss curve over the seeds of one task; `null` where it is not finite. */
export interface CurveResult {
  readonly steps: readonly number[];
  readonly mean: ReadonlyArray<number | null>;
  readonly low: ReadonlyArray<number | null>;
  readonly high: ReadonlyArray<number | null>;
}

/** What tuning found and cost. */
export interface TuningResult {
  /** The best rates for T/4, T/2, T, 2T and 4T. */
  readonly rates: readonly number[];
  /** The best rate by validation loss at T. */
  readonly rateByValidation: number;
  readonly innerSteps: number;
  readonly seconds: number;
}

/** One optimizer on one task: means over seeds, `null` where not finite, and the values of each seed. */
export interface OptimizerResult {
  /** Smoothed training loss at T. */
  readonly trainLoss: number | null;
  readonly trainLosses: ReadonlyArray<number | null>;
  /** Validation loss at T of the setting that is best by training loss. */
  readonly validationLoss: number | null;
  readonly validationLosses: ReadonlyArray<number | null>;
  /** Validation loss at T of the setting that is best by validation loss. */
  readonly bestValidationLoss: number | null;
  /** Share of right classes in the validation data; `null` where the task has no classes. */
  readonly validationAccuracy: number | null;
  /** Area under the log-loss curve: mean of log10(loss / first loss). */
  readonly area: number | null;
  /** Runs that diverged: a loss was not finite, or the final one above the first. */
  readonly diverged: number;
  readonly tuning: TuningResult | null;
  readonly curve: CurveResult;
}

/** Ours beside another optimizer on one task. */
export interface ComparisonResult {
  /** From 1/4 to 4. */
  readonly speedup: number;
  readonly notReached: boolean;
  /** Steps in which the other reaches our final loss, over T; `null` where not within 4T. */
  readonly otherSteps: number | null;
  /** Whether our final validation loss is no worse than the other's at the rate that is best by validation loss. */
  readonly noWorse: boolean;
  /** The same at the rate that is best by training loss. */
  readonly noWorseAsTuned: boolean;
}

/** One task. */
export interface TaskResult {
  readonly name: string;
  readonly dataset: string;
  readonly architecture: string;
  readonly loss: string;
  readonly steps: number;
  /** By name, `learned` and `adamDefault` among them. */
  readonly optimizers: Readonly<Record<string, OptimizerResult>>;
  /** By the other's name. */
  readonly comparisons: Readonly<Record<string, ComparisonResult>>;
  /** Runs of ours that diverged, on seeds on which default Adam's did not. */
  readonly divergedBeyondAdam: number;
}

/** What wrong numbers of steps change. */
export interface SensitivityResult {
  /** Inter-quartile mean speed-up over the baseline, by what ours is told. */
  readonly iqm: Readonly<Record<WrongPlan, number>>;
  /** The largest change, relative to the inter-quartile mean with the right number. */
  readonly largestChange: number;
}

/** How many runs there were, and how many of them had a loss that was not finite, or ended above their start. */
export interface DivergedRuns {
  readonly numRuns: number;
  readonly diverged: number;
}

/** What an evaluation cost. */
export interface CostResult {
  /** Steps of all runs, those from the cache included. */
  readonly innerSteps: number;
  /** Time of all runs, summed over threads, those from the cache included. */
  readonly runSeconds: number;
  readonly numRuns: number;
  /** Runs that the cache had. */
  readonly cachedRuns: number;
  /** Steps that tuning took, by baseline. */
  readonly tuningSteps: Readonly<Partial<Record<BaselineKind, number>>>;
  /** Time of this call. */
  readonly seconds: number;
}

/** What {@link evaluate} finds: plain data that JSON can hold. */
export interface EvaluationResult {
  /** Of this format. */
  readonly version: 1;
  readonly suite: string;
  readonly theta: {readonly rule: string; readonly hash: string};
  /** Hash of the recipe that theta was trained by; `null` where unknown. */
  readonly recipe: string | null;
  /** Finished tasks. */
  readonly numTasks: number;
  readonly numSeeds: number;
  /** Whether all tasks of the suite are among them: none is unfinished or skipped. */
  readonly complete: boolean;
  /** Tasks that are not finished. */
  readonly unfinished: readonly string[];
  /** Peers that did not take part, and why. */
  readonly missing: ReadonlyArray<{readonly name: string; readonly reason: string}>;
  /** Tasks of the suite that cannot run here, such as for missing data: in no figure, and not among `unfinished`. */
  readonly skipped: ReadonlyArray<{readonly name: string; readonly reason: string}>;
  /** Of ours over each other optimizer, by its name; `null` where no task is finished. */
  readonly speedup: Readonly<Record<string, SpeedUpSummary | null>>;
  /** Share of tasks on which our final validation loss is no worse than the other's, tuned for validation loss, by its name. */
  readonly noWorse: Readonly<Record<string, number | null>>;
  /** The same where the other is tuned for training loss, as for the speed-up. */
  readonly noWorseAsTuned: Readonly<Record<string, number | null>>;
  /** `noWorse.adam`. */
  readonly noWorseThanAdam: number | null;
  /** Runs of ours that diverged, on seeds on which default Adam's did not. */
  readonly divergedRuns: number;
  /** All diverged runs, by optimizer. */
  readonly diverged: Readonly<Record<string, number>>;
  /** Runs of ours by what it was told, those for 2T and 4T included, which with wrong numbers are made only where it is slower; wrong numbers only where they were asked for. */
  readonly divergedByPlan: Readonly<Partial<Record<'right' | WrongPlan, DivergedRuns>>>;
  /** By the baseline's name; `null` where it was not asked for. */
  readonly sensitivity: Readonly<Record<string, SensitivityResult>> | null;
  readonly cost: CostResult;
  readonly tasks: readonly TaskResult[];
}
