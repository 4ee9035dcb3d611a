import {LearnedOptimizer} from '../optimizer/learned-optimizer.js';
import type {LearnedOptimizerOptions} from '../optimizer/options.js';
import type {Theta} from '../theta/theta-file.js';
import {saveTheta, type ThetaTarget} from '../theta/theta-io.js';

/** What one outer step left behind. */
export interface MetaFitHistory {
  readonly outerStep: number;
  /** Mean objective of the step's windows; lower is better. Missing for step 0, which judges the initial theta. */
  readonly metaLoss?: number;
  readonly gradientNorm?: number;
  /** Rollouts that diverged in this step. */
  readonly diverged: number;
  /** Mean flatness penalty of the step's windows, where any was finite, and how many were not and were left out; where there is a regularizer. */
  readonly flatness?: number;
  readonly flatnessDropped?: number;
  /** Score on the held-out tasks, at the steps where theta was judged; lower is better. */
  readonly heldOut?: number;
}

/** What {@link metaFit} resolves to. */
export class MetaFitResult {
  /** @internal */
  constructor(
      /** The best theta by held-out score, the initial one included; with `keep: 'last'` the last one. */
      readonly theta: Theta,
      /** Its held-out score (with `keep: 'last'` the last that was taken), and the outer step that it comes from. */
      readonly best: {readonly heldOut: number; readonly outerStep: number},
      readonly history: readonly MetaFitHistory[],
      /** Why it ended: all steps made, no better theta for `patience` judgements, or the signal. */
      readonly stopped: 'done' | 'early' | 'aborted',
      /** The recipe that `save` puts beside the theta. */
      readonly recipe: string) {}

  /** A learned optimizer with this theta; options as of `learnedOptimizer`. Call its `dispose` when done. */
  optimizer(options: Omit<LearnedOptimizerOptions, 'rule' | 'theta'> = {}): LearnedOptimizer {
    return new LearnedOptimizer({...options, theta: this.theta});
  }

  /** Saves theta and recipe, for `loadOptimizer`. @throws L2OError as `saveTheta`. */
  async save(target: ThetaTarget): Promise<void> {
    await saveTheta(this.theta, target, {recipe: this.recipe});
  }
}
