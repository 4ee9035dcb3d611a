import type {Theta} from '../theta/theta-file.js';
import type {TaskFamily} from '../tasks/task-family.js';
import type {RuleName} from '../rules/registry.js';
import type {FlatnessTermOptions} from '../flatness/create-term.js';
import type {FlatnessRegularizer} from '../flatness/flatness-regularizer.js';
import type {FlatnessTerm} from '../flatness/flatness-term.js';
import type {GrowingCurriculum, StagedCurriculum} from './curriculum.js';
import type {EstimatorKind} from './estimator.js';
import type {Imitation} from './imitation.js';
import type {Objective} from './objective.js';

/** Report of one outer step, for {@link MetaFitOptions.onProgress}. */
export interface MetaFitProgress {
  /** Outer steps made. */
  readonly outerStep: number;
  readonly numOuterSteps: number;
  /** Mean objective of this step's windows; lower is better. Noisy: judge by `heldOut`. */
  readonly metaLoss: number;
  /** The last held-out score; lower is better. */
  readonly heldOut: number;
  readonly innerStepsPerSecond: number;
  readonly secondsLeft: number;
  /** Diverged rollouts so far. */
  readonly diverged: number;
}

/** Options of {@link metaFit}. Only `tasks` is required. */
export interface MetaFitOptions {
  /**
   * The family to train on: the object itself, which stays in this thread; or URL or path of a module that exports one by
   * default, which reaches workers. Such a module may also export `setup`, a function that is called once in each thread before
   * its first task, for example to choose a backend.
   */
  readonly tasks: TaskFamily | URL | string;
  /** The rule to train. Default `'tensor-lstm'`. */
  readonly rule?: RuleName | undefined;
  /**
   * What turns rollouts into a meta-gradient: `'nres'` (default), `'pes'`, or `'es'`, which is blind beyond its window, all by
   * evolution strategies; or `'bptt'`, backpropagation through the rule within a window, with the tasks' gradients as constants.
   */
  readonly estimator?: EstimatorKind | undefined;
  /** What rollouts are scored by. Default: `{kind: 'logLoss', over: 'mean', on: 'train'}`. */
  readonly objective?: Partial<Objective> | undefined;
  /**
   * A flatness penalty at the inner parameters that joins the objective: a measure with its options and a strength, a
   * `FlatnessRegularizer` without schedules, or a term of your own, which stays in this thread. By value in evolution strategies, by its gradient in `'bptt'`; held-out scores are without
   * it. Penalties that are not finite are left out and counted. Default: none.
   */
  readonly regularizer?: FlatnessRegularizer | FlatnessTermOptions | FlatnessTerm | undefined;
  /** Points of each window at which the penalty is taken, as shares of its steps above 0, at most 1. Default `[1]`: its end. */
  readonly regularizeAt?: readonly number[] | undefined;
  /**
   * How horizons grow: smoothly, `{from: [20, 50], over: 0.5}`, on a scale of logarithms from a short range to the full one over a share
   * of the outer steps (default half); or in `{stages: [[20, 50], [50, 100]], minJudgements: 3}`, each of which goes on until
   * held-out scores at the next one's horizons no longer improve. Default: the full range throughout.
   */
  readonly curriculum?: (Partial<GrowingCurriculum> & Pick<GrowingCurriculum, 'from'>) | (Partial<StagedCurriculum> & Pick<StagedCurriculum, 'stages'>) | undefined;
  /**
   * Imitation of Adam: the relative squared distance of the rule's steps to Adam's on the same gradients joins the objective, with a
   * weight (default 1) that falls to 0 over a share of the outer steps (default half). The teacher's learning rate is 0.01 by default.
   */
  readonly imitation?: Partial<Imitation> | undefined;
  /** Updates of theta, ≥ 1. Default 300. */
  readonly numOuterSteps?: number | undefined;
  /** Seed of everything, an integer from 0 to 2³² − 1. Default 0. */
  readonly seed?: number | undefined;
  /** Worker threads; 0 (default) runs in this thread. The theta does not depend on it where all threads have one backend: workers run on cpu unless `setup` says otherwise. */
  readonly workers?: number | undefined;
  /** Pairs of rollouts, or single ones with `'bptt'`, that each update averages over, ≥ 1. Default 8. */
  readonly numPairs?: number | undefined;
  /** Inner steps between updates, ≥ 1. Default 20. */
  readonly windowSteps?: number | undefined;
  /** Standard deviation of the perturbations of theta, > 0. Default 0.01. Not of `'bptt'`. */
  readonly sigma?: number | undefined;
  /** Outer learning rate, > 0: reached in the first twentieth of the run, then lowered along a cosine to a tenth. Default 1e-3. */
  readonly learningRate?: number | undefined;
  /** Decoupled weight decay of theta towards 0, ≥ 0, as AdamW's. Default 0. */
  readonly weightDecay?: number | undefined;
  /** Meta-gradients longer than this multiple of their running mean norm are shortened to it, > 0. Default 2; `Infinity`: off. */
  readonly clip?: number | undefined;
  /** Differences of a pair's scores are clipped to ± this, > 0. Default 0.5; `Infinity`: off, for an unbiased estimate. Not of `'bptt'`. */
  readonly maxDifference?: number | undefined;
  /** Whether the signs of those differences alone count. Default false. Not of `'bptt'`. */
  readonly signOnly?: boolean | undefined;
  /** Shortest and longest rollout, in steps; drawn log-uniformly. Default `[50, 200]`. */
  readonly horizons?: readonly [number, number] | undefined;
  /** Share of rollouts in which the rule is not told the horizon, 0 to 1. Default 0.5. */
  readonly hideHorizon?: number | undefined;
  /** Share of rollouts in which the rule is not shown the loss, 0 to 1. Default 0.1. */
  readonly hideLoss?: number | undefined;
  /** Where to start. Default: the theta that ships with the package, for the rule that has one; else `'untrained'`: from scratch, which takes far longer. */
  readonly initialTheta?: Theta | Float32Array | 'untrained' | undefined;
  /** Family of the held-out tasks, given as `tasks` is. Default: fresh tasks of the same family. */
  readonly heldOut?: TaskFamily | URL | string | undefined;
  /** Held-out tasks that a theta is judged by, ≥ 1. Default 8. */
  readonly numHeldOut?: number | undefined;
  /** Outer steps between two judgements, ≥ 1. Default 25. */
  readonly validateEvery?: number | undefined;
  /** Stop after so many judgements in a row without a better theta, ≥ 1. Default: never. */
  readonly patience?: number | undefined;
  /**
   * Which theta the run gives: the best by held-out score, the initial one included (`'best'`, default), or the last one, for studies in which a choice
   * by losses alone would undo a regularizer. With `'last'` neither `patience` nor a curriculum in stages can be had: both go by held-out scores.
   */
  readonly keep?: 'best' | 'last' | undefined;
  /** Folder for checkpoints. A run that finds one of the same recipe there goes on with it, bit for bit. Node only. Default: none. */
  readonly checkpointDir?: string | URL | undefined;
  /** Outer steps between two checkpoints, ≥ 1. Default 25. */
  readonly checkpointEvery?: number | undefined;
  /** Called after each outer step. */
  readonly onProgress?: ((progress: MetaFitProgress) => void) | undefined;
  /** Ends the run after the window in flight, with a checkpoint; the result says `'aborted'`. */
  readonly signal?: AbortSignal | undefined;
}
