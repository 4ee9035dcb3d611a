/**
 * Separable CMA-ES (Ros and Hansen 2008), which adapts a normal distribution's mean, step size and variances by the ranks of samples.
 * Constants are theirs, and those of Hansen's tutorial (arXiv 1604.00772) where they leave them.
 */
import type {Random} from '../../src/random.js';

/** Plain data, for a checkpoint. */
export interface CmaState {
  readonly mean: readonly number[];
  /** Variances, to be multiplied by `sigma`². */
  readonly variances: readonly number[];
  readonly path: readonly number[];
  readonly sigmaPath: readonly number[];
  readonly sigma: number;
  readonly generation: number;
}

/** The state of a search that has not begun. */
export function initialCmaState(mean: readonly number[], sigma: number): CmaState {
  const zeros = mean.map(() => 0);
  return {mean, variances: mean.map(() => 1), path: zeros, sigmaPath: zeros, sigma, generation: 0};
}

/** Samples of a generation. */
export function samplesOf({mean, variances, sigma}: CmaState, count: number, random: Random): number[][] {
  return Array.from({length: count}, () => mean.map((m, k) => m + sigma * Math.sqrt(variances[k]!) * random.normal()));
}

/** The state after a generation. @param ranked Its samples, best first. */
export function nextCmaState({mean, variances, path, sigmaPath, sigma, generation}: CmaState, ranked: ReadonlyArray<readonly number[]>): CmaState {
  const size = mean.length, parents = ranked.slice(0, ranked.length >> 1), raw = parents.map((_, i) => Math.log(parents.length + 0.5) - Math.log(i + 1));
  const sum = raw.reduce((a, b) => a + b, 0), weights = raw.map(w => w / sum), effective = 1 / weights.reduce((total, w) => total + w * w, 0);
  const pathRate = 4 / (size + 4), sigmaRate = (effective + 2) / (size + effective + 3), faster = (size + 2) / 3;
  const rankOne = 2 / ((size + 1.3) ** 2 + effective) * faster;
  const rankMany = Math.min(1 - rankOne, 2 * (effective - 2 + 1 / effective) / ((size + 2) ** 2 + effective) * faster);
  const expectedNorm = Math.sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * size * size));

  const average = (of: (sample: readonly number[], k: number) => number): number[] => mean.map((_, k) => parents.reduce((total, sample, i) => total + weights[i]! * of(sample, k), 0));
  const newMean = average((sample, k) => sample[k]!), step = newMean.map((m, k) => (m - mean[k]!) / sigma);
  const newSigmaPath = sigmaPath.map((p, k) => (1 - sigmaRate) * p + Math.sqrt(sigmaRate * (2 - sigmaRate) * effective) * step[k]! / Math.sqrt(variances[k]!));
  const norm = Math.hypot(...newSigmaPath), settled = norm / Math.sqrt(1 - (1 - sigmaRate) ** (2 * (generation + 1))) < (1.4 + 2 / (size + 1)) * expectedNorm;
  const newPath = path.map((p, k) => (1 - pathRate) * p + (settled ? Math.sqrt(pathRate * (2 - pathRate) * effective) * step[k]! : 0));
  const spread = average((sample, k) => ((sample[k]! - mean[k]!) / sigma) ** 2);
  return {
    mean: newMean, path: newPath, sigmaPath: newSigmaPath, generation: generation + 1,
    variances: variances.map((v, k) => (1 - rankOne - rankMany) * v + rankOne * newPath[k]! ** 2 + rankMany * spread[k]!),
    sigma: sigma * Math.exp(Math.min(0.5, sigmaRate / (1 + sigmaRate) * (norm / expectedNorm - 1))),
  };
}
