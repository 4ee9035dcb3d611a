import {Random} from '../random.js';
import {ruleInfo} from '../rules/registry.js';
import {BpttEstimator} from './bptt/bptt-estimator.js';
import type {Estimator, EstimatorState, WindowPlan} from './estimator.js';
import {AntitheticEstimator} from './estimators.js';
import type {HostOptions, PairResult} from './host.js';
import type {OpenSource} from './open-families.js';

/** What the pairs of a meta-training are made of. */
export type PairOptions = Omit<HostOptions, 'numPairs'>;

/** Some of a meta-training's pairs. Each depends on the seed and on its own index alone, not on who runs it. */
export class PairSet {
  private readonly pairs: Estimator[] = [];
  private readonly thetaSize: number;

  constructor(indices: readonly number[], {seed, estimator, horizons, rule}: PairOptions, {start, unroll}: Pick<OpenSource, 'start' | 'unroll'>) {
    const seeds = new Random(seed), size = this.thetaSize = ruleInfo(rule).thetaSize;
    try {
      for (const index of indices) {
        const random = seeds.fork(`pair ${index}`);
        this.pairs.push(estimator.kind === 'bptt'
          ? new BpttEstimator(estimator, size, random, unroll, horizons)
          : new AntitheticEstimator(estimator, size, random, start, horizons));
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  get size(): number {
    return this.pairs.length;
  }

  /** Advances the `k`th of these pairs by a window. */
  window(k: number, theta: Float32Array, plan: WindowPlan): PairResult {
    const gradient = new Float32Array(this.thetaSize), window = this.pairs[k]!.window(theta, plan, gradient);
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
