import {EngineRollout} from '../../src/rollout/engine-rollout.js';
import type {Rollout} from '../../src/rollout/rollout.js';
import type {Split} from '../../src/tasks/task-family.js';

/** A running mean of a rollout's iterates, beside it: the rollout itself goes on from its last iterate. */
export class IterateAverage {
  private readonly rollout: EngineRollout;
  private readonly mean: Float32Array;

  /**
   * @param share Of the steps so far that the mean looks back over, above 0, at most 1.
   * @throws RangeError for a rollout by tf ops.
   */
  constructor(rollout: Rollout, private readonly share: number) {
    if (!(rollout instanceof EngineRollout)) throw new RangeError('averages of iterates are for tasks of the compiled engine');
    this.rollout = rollout;
    this.mean = rollout.parameters();
  }

  /** Takes in the iterate after `made` steps, `since` steps after the last one taken. */
  take(since: number, made: number): void {
    const rate = Math.min(1, since / (this.share * made)), {mean} = this;
    this.rollout.parameters().forEach((x, i) => (mean[i]! += rate * (x - mean[i]!)));
  }

  /** Mean loss at the average on the first batches of a split, as the rollout's own `evaluate` measures it. */
  loss(split: Split, numBatches: number): number {
    let total = 0;
    for (let batch = 0; batch < numBatches; batch++) total += this.rollout.lossAt(this.mean, split, batch);
    return total / numBatches;
  }
}
