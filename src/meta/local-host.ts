import type {Host, HostOptions, PairResult} from './host.js';
import type {HeldOutScore} from './held-out.js';
import type {HorizonRange, WindowPlan} from './estimator.js';
import {PairSet} from './pair-set.js';
import type {OpenSource} from './open-families.js';

/** Runs all pairs in this thread, and lets others have a turn after each. */
export class LocalHost implements Host {
  readonly families: readonly string[];
  private readonly pairs: PairSet;

  constructor(private readonly source: OpenSource, {numPairs, ...options}: HostOptions) {
    this.families = source.families;
    this.pairs = new PairSet(Array.from({length: numPairs}, (_, i) => i), options, source);
  }

  async window(theta: Float32Array, plan: WindowPlan): Promise<PairResult[]> {
    const results: PairResult[] = [];
    for (let k = 0; k < this.pairs.size; k++) {
      results.push(this.pairs.window(k, theta, plan));
      await turn();
    }
    return results;
  }

  async heldOut(theta: Float32Array, count: number, horizons: HorizonRange): Promise<HeldOutScore[]> {
    const scores: HeldOutScore[] = [];
    for (let i = 0; i < count; i++) {
      scores.push(this.source.heldOut(theta, i, horizons));
      await turn();
    }
    return scores;
  }

  states(): ReturnType<PairSet['states']> {
    return this.pairs.states();
  }

  restore(states: ReturnType<PairSet['states']>): Promise<void> {
    this.pairs.restore(states);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.pairs.dispose();
    return Promise.resolve();
  }
}

function turn(): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, 0);
  });
}
