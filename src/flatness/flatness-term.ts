import type {Random} from '../random.js';
import type {LossProbe} from './loss-probe.js';

/** What describes a {@link FlatnessTerm} in full: plain data, which is hashed, sent to workers and written to files. */
export interface FlatnessConfig {
  /** Name of the measure. */
  readonly measure: string;
  /** Factor on the penalty, ≥ 0. */
  readonly strength: number;
  /** The measure's own options. */
  readonly [option: string]: unknown;
}

/** A penalty and its gradient. */
export interface FlatnessGradient {
  /** As {@link FlatnessTerm.value} with the same generator. */
  readonly value: number;
  /** With respect to the probe's parameter vector; the receiver's. */
  readonly gradient: Float32Array;
}

/**
 * A flatness penalty on a loss's surroundings, ready to be added to an objective: `strength` is in it. Pure: nothing is kept
 * between calls, and the same probe and generator give the same numbers, so that two probes that are given generators of one
 * seed are perturbed alike.
 */
export interface FlatnessTerm {
  /** Name of the measure, for reports. */
  readonly name: string;
  /** What it takes to make this term again, in another process too; see `flatnessTerm`. */
  readonly config: FlatnessConfig;
  /**
   * The penalty at the probe's parameters: ≥ 0, never a reward. NaN where it has none: all of its samples were non-finite.
   * @param random Source of all perturbations.
   */
  value(probe: LossProbe, random: Random): number;
  /** The penalty and its gradient, from gradients of first order. Value and gradient are NaN where the penalty has none. */
  gradient(probe: LossProbe, random: Random): FlatnessGradient;
}
