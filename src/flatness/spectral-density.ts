import type {Random} from '../random.js';
import {allDropped} from './estimate.js';
import {lanczos} from './lanczos.js';
import type {Neighbourhood} from './neighbourhood.js';

/** How the eigenvalues of the Hessian are spread: a density over them, of integral 1. */
export interface SpectralDensity {
  /** Where the density is given, evenly spaced. */
  readonly eigenvalues: readonly number[];
  /** Mean over the probes. */
  readonly density: readonly number[];
  /** Of the density, over the probes; NaN where there is one probe only. */
  readonly standardErrors: readonly number[];
  /** Standard deviation of the Gaussian that each Ritz value is smeared out to. */
  readonly width: number;
  /** Ritz values and their weights by probe, unsmeared: Σ weight · f(value), averaged over the probes, estimates the mean of f over all eigenvalues. */
  readonly probes: readonly {readonly values: readonly number[]; readonly weights: readonly number[]}[];
}

/** How the density is estimated. */
export interface SpectralDensitySettings {
  /** Random starts, an integer ≥ 1. */
  readonly probes: number;
  /** Lanczos iterations of each, two gradient evaluations apiece. */
  readonly iterations: number;
}

const NUM_POINTS = 201;
/** Share of the spectrum's range that is the width of the smearing. */
const RELATIVE_WIDTH = 0.01;
const MARGIN_WIDTHS = 4;

/**
 * The spectral density of the Hessian by stochastic Lanczos quadrature: each random start's Ritz values, weighted by the squares
 * of the first components of their vectors, are a quadrature rule for the density.
 *
 * @throws L2OError `NON_FINITE` where a gradient was not finite.
 * @see Ghorbani, Krishnan, Xiao (2019), "An investigation into neural net optimization via Hessian eigenvalue density", arXiv 1901.10159, algorithm 1.
 */
export function estimateSpectralDensity(around: Neighbourhood, random: Random, {probes, iterations}: SpectralDensitySettings): SpectralDensity {
  const runs = Array.from({length: probes}, () => {
    const ritz = lanczos(around, iterations, random);
    if (ritz === undefined) throw allDropped('spectralDensity', 2 * iterations);
    return {values: Array.from(ritz.values), weights: Array.from(ritz.weights)};
  });
  const low = Math.min(...runs.map(({values}) => values[0]!)), high = Math.max(...runs.map(({values}) => values.at(-1)!));
  // All eigenvalues the same: some width there must be.
  const width = RELATIVE_WIDTH * (high - low || Math.abs(high) || 1), start = low - MARGIN_WIDTHS * width;
  const step = (high + MARGIN_WIDTHS * width - start) / (NUM_POINTS - 1);
  const eigenvalues = Array.from({length: NUM_POINTS}, (_, i) => start + i * step);
  const curves = runs.map(({values, weights}) => eigenvalues.map(at =>
    values.reduce((sum, value, k) => sum + weights[k]! * Math.exp(-(((at - value) / width) ** 2) / 2), 0) / (width * Math.sqrt(2 * Math.PI))));
  const density = eigenvalues.map((_, i) => curves.reduce((sum, curve) => sum + curve[i]!, 0) / probes);
  const standardErrors = density.map((mean, i) => (probes < 2 ? NaN : Math.sqrt(curves.reduce((sum, curve) => sum + (curve[i]! - mean) ** 2, 0) / (probes - 1) / probes)));
  return {eigenvalues, density, standardErrors, width, probes: runs};
}
