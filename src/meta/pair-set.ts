import {Random} from '../random.js';
import {THETA_SIZE} from '../rules/tensor-lstm/spec.js';
import {AntitheticEstimator, type EstimatorOptions, type EstimatorState, type StartPair} from './estimators.js';
import type {PairResult} from './host.js';

/** Some of a meta-training's pairs. Each depends on the seed and on its own index alone, not on who runs it. */
export class PairSet {
  private readonly pairs: AntitheticEstimator[] = [];

  constructor(indices: readonly number[], seed: number, estimator: EstimatorOptions, start: StartPair) {
    const seeds = new Random(seed);
    try {
      for (const index of indices) this.pairs.push(new AntitheticEstimator(estimator, THETA_SIZE, seeds.fork(`pair ${index}`), start));
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

  /** Copies of the states of these pairs, in order. */
  states(): EstimatorState[] {
    return this.pairs.map(pair => pair.serialize());
  }

  /** Lets the pairs go on from {@link PairSet.states}. */
  restore(states: readonly EstimatorState[]): void {
    this.pairs.forEach((pair, k) => pair.restore(states[k]!));
  }

  dispose(): void {
    this.pairs.forEach(pair => pair.dispose());
  }
}
