import {Random} from '../random.js';
import {THETA_SIZE} from '../rules/tensor-lstm/spec.js';
import {AntitheticEstimator, type EstimatorOptions, type EstimatorState, type StartPair} from './estimators.js';
import type {PairResult} from './host.js';

/** Some of a meta-training's pairs. Each depends on the seed and on its own index alone, not on who runs it. */
export class PairSet {
  private readonly pairs: AntitheticEstimator[] = [];

  /** @param states Of the same indices, where the pairs shall go on. */
  constructor(indices: readonly number[], seed: number, estimator: EstimatorOptions, start: StartPair, states: readonly EstimatorState[] | undefined) {
    const seeds = new Random(seed);
    try {
      indices.forEach((index, k) => {
        const pair = new AntitheticEstimator(estimator, THETA_SIZE, seeds.fork(`pair ${index}`), start);
        this.pairs.push(pair);
        if (states !== undefined) pair.restore(states[k]!);
      });
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  get size(): number {
    return this.pairs.length;
  }

  /** Advances the `k`th of these pairs by a window. */
  window(k: number, theta: Float32Array, steps: number): PairResult {
    const gradient = new Float32Array(THETA_SIZE), window = this.pairs[k]!.window(theta, steps, gradient);
    return {window, gradient};
  }

  states(): EstimatorState[] {
    return this.pairs.map(pair => pair.serialize());
  }

  dispose(): void {
    this.pairs.forEach(pair => pair.dispose());
  }
}
