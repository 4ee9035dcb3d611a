import {meanAndError} from './estimate.js';

/** Most features that are worth their cost; all quadratic monomials of 13 dimensions. */
const MAX_FEATURES = 91;
/** Values a feature, below which a regression would fit noise. */
const VALUES_PER_FEATURE = 20;

/**
 * How many features of a standard normal vector to use as control variates: its centred monomials of second order, or its centred
 * squared length alone where those are too many; none where there are too few values.
 */
export function numQuadraticFeatures(size: number, numValues: number): number {
  const all = size * (size + 1) / 2;
  if (all <= MAX_FEATURES && numValues >= VALUES_PER_FEATURE * all) return all;
  return numValues >= VALUES_PER_FEATURE ? 1 : 0;
}

/** The features of a standard normal vector, each of mean 0. */
export function quadraticFeatures(vector: Float32Array, count: number): Float64Array {
  const out = new Float64Array(count), size = vector.length;
  if (count === 1) out[0] = vector.reduce((sum, x) => sum + x * x, 0) / size - 1;
  else if (count > 1) {
    for (let i = 0, k = 0; i < size; i++) for (let j = 0; j <= i; j++) out[k++] = vector[i]! * vector[j]! - (i === j ? 1 : 0);
  }
  return out;
}

/**
 * The mean of values whose random parts are partly explained by features of mean 0: the intercept of their regression, and its
 * standard error. Without features, or where the intercept is out of the values' range, the plain mean.
 *
 * @see Owen (2013), "Monte Carlo theory, methods and examples", section 8.9.
 */
export function regressedMean(values: readonly number[], features: readonly Float64Array[]): {value: number; standardError: number} {
  const count = (features[0]?.length ?? 0) + 1;
  if (count === 1 || values.length < VALUES_PER_FEATURE) return meanAndError(values);
  // Normal equations of [1, features], with the right side as last column.
  const system = Array.from({length: count}, () => new Float64Array(count + 1)), row = new Float64Array(count + 1);
  values.forEach((value, k) => {
    row[0] = 1;
    row.set(features[k]!, 1);
    row[count] = value;
    for (let i = 0; i < count; i++) {
      const into = system[i]!, factor = row[i]!;
      for (let j = i; j <= count; j++) into[j]! += factor * row[j]!;
    }
  });
  for (let i = 0; i < count; i++) for (let j = 0; j < i; j++) system[i]![j] = system[j]![i]!;
  const coefficients = solve(system);
  const residuals = values.map((value, k) => value - coefficients[0]! - features[k]!.reduce((sum, x, i) => sum + x * coefficients[i + 1]!, 0));
  const variance = residuals.reduce((sum, r) => sum + r * r, 0) / Math.max(1, values.length - count);
  const value = coefficients[0]!;
  // Where a few values count for all, the regression may lead out of their range, for positive values below 0.
  if (!(value > values.reduce((a, b) => Math.min(a, b), Infinity) && value < values.reduce((a, b) => Math.max(a, b), -Infinity))) return meanAndError(values);
  return {value, standardError: Math.sqrt(variance / values.length)};
}

/** Solves a positive definite system, row by row with the right side last, by Gaussian elimination; directions without any weight get 0. */
function solve(system: Float64Array[]): Float64Array {
  const size = system.length, out = new Float64Array(size), scales = system.map((row, i) => row[i]!);
  for (let k = 0; k < size; k++) {
    for (let i = k + 1; i < size; i++) {
      if (system[k]![k]! <= 1e-12 * scales[k]!) break;
      const factor = system[i]![k]! / system[k]![k]!;
      for (let j = k; j <= size; j++) system[i]![j]! -= factor * system[k]![j]!;
    }
  }
  for (let k = size - 1; k >= 0; k--) {
    if (system[k]![k]! <= 1e-12 * scales[k]!) continue;
    let sum = system[k]![size]!;
    for (let j = k + 1; j < size; j++) sum -= system[k]![j]! * out[j]!;
    out[k] = sum / system[k]![k]!;
  }
  return out;
}
