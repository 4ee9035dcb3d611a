/** Intervals and rank correlations of the study. */
import type {Random} from '../../src/random.js';
import {mean, tInterval, tQuantile95, type Estimate} from '../../src/report/statistics.js';

const REPLICATES = 4000, CONFIDENCE = 0.95;
/** Normal quantile of a power of 80 %. */
const POWER_QUANTILE = 0.8416;

/**
 * A statistic of `count` independent units with its 95 % percentile interval from drawing the units anew with replacement.
 * @param statistic Of the units with these indices, some of which may come more than once.
 */
export function bootstrap(count: number, statistic: (units: readonly number[]) => number, random: Random, numReplicates = REPLICATES): Estimate {
  const whole = statistic(Array.from({length: count}, (_, i) => i));
  if (count < 2) return {mean: whole, low: NaN, high: NaN};
  const replicates = Array.from({length: numReplicates}, () => statistic(Array.from({length: count}, () => random.integer(count))))
    .filter(Number.isFinite).sort((a, b) => a - b);
  const at = (share: number): number => replicates[Math.round(share * (replicates.length - 1))] ?? NaN, tail = (1 - CONFIDENCE) / 2;
  return {mean: whole, low: at(tail), high: at(1 - tail)};
}

/** A mean of paired differences, and what is known of it. */
export interface PairedDifference extends Estimate {
  /** 95 % t-interval, which is wider and the safer one where units are few. */
  readonly tLow: number;
  readonly tHigh: number;
  /** The difference that a test at 5 % would have found with a power of 80 %, for the spread that was seen. */
  readonly detectable: number;
}

/** The mean difference of paired values, one pair for each unit; interval by {@link bootstrap} over units. */
export function pairedDifference(treated: readonly number[], plain: readonly number[], random: Random): PairedDifference {
  if (treated.length !== plain.length) throw new RangeError(`expected pairs, got ${treated.length} and ${plain.length} values`);
  const differences = treated.map((value, i) => value - plain[i]!), {low: tLow, high: tHigh} = tInterval(differences), count = differences.length;
  const standardError = count < 2 ? NaN : (tHigh - tLow) / 2 / tQuantile95(count - 1);
  return {
    ...bootstrap(count, units => mean(units.map(i => differences[i]!)), random),
    tLow, tHigh, detectable: count < 2 ? NaN : (tQuantile95(count - 1) + POWER_QUANTILE) * standardError,
  };
}
