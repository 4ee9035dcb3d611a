import {median, toDigits} from '../support/numbers.js';
import type {Timing} from './protocol.js';

/** By which of the clocks of a {@link Timing}. */
export type CpuOrWall = 'cpuSeconds' | 'wallSeconds';

/** Medians over rounds of what each of two took, and of the ratio within a round: the one over the other. */
export interface PairCosts {
  readonly one: number;
  readonly other: number;
  readonly ratio: number;
}

/** @param one By round, as `other`. @param scale Of the costs, per second and time that it was done. */
export function pairCosts(one: readonly Timing[], other: readonly Timing[], time: CpuOrWall, scale: number): PairCosts {
  const cost = (timing: Timing): number => scale * timing[time] / timing.times, middle = (values: readonly number[]): number => toDigits(median(values), 3);
  return {one: middle(one.map(cost)), other: middle(other.map(cost)), ratio: middle(one.map((timing, i) => cost(timing) / cost(other[i]!)))};
}
