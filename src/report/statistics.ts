/** A mean with a confidence interval. `low` and `high` are NaN where fewer than two values leave it unknown. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Two-sided 95 % quantiles of Student's t for 1, 2, … 30 degrees of freedom. */
const T_QUANTILES = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604, 2.1448, 2.1314,
  2.1199, 2.1098, 2.1009, 2.093, 2.086, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
];
const NORMAL_QUANTILE = 1.959964;

/**
 * The quantile t with P(|T| ≤ t) = 0.95.
 *
 * @param degreesOfFreedom An integer ≥ 1.
 */
export function tQuantile95(degreesOfFreedom: number): number {
  const tabulated = T_QUANTILES[degreesOfFreedom - 1];
  if (tabulated !== undefined) return tabulated;
  // First two terms of the Cornish-Fisher expansion: off by less than 1e-4 from 31 degrees of freedom on.
  const z = NORMAL_QUANTILE, n = degreesOfFreedom;
  return z + (z ** 3 + z) / (4 * n) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * n * n);
}

/** Mean of `values`; NaN where there are none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean and 95 % t-interval of independent values. */
export function tInterval(values: readonly number[]): Estimate {
  const center = mean(values), count = values.length;
  if (count < 2) return {mean: center, low: NaN, high: NaN};
  const variance = values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (count - 1);
  const halfWidth = tQuantile95(count - 1) * Math.sqrt(variance / count);
  return {mean: center, low: center - halfWidth, high: center + halfWidth};
}

/**
 * Geometric mean of `numerators[i] / denominators[i]`, with a 95 % t-interval of its logarithm: how many times as large
 * one paired quantity is as another.
 */
export function ratioInterval(numerators: readonly number[], denominators: readonly number[]): Estimate {
  const logs = tInterval(numerators.map((value, i) => Math.log(value / denominators[i]!)));
  return {mean: Math.exp(logs.mean), low: Math.exp(logs.low), high: Math.exp(logs.high)};
}
