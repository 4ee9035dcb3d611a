import {L2OError} from '../errors.js';
import type {Random} from '../random.js';
import type {FlatnessEstimate, FlatnessWarning} from './estimate.js';
import {lanczos, type RitzValues} from './lanczos.js';
import type {Neighbourhood} from './neighbourhood.js';
import {noGradient, type FlatnessPenalty} from './penalty.js';
import {addScaled, norm} from './vectors.js';

/** Share of the eigenvalue above which its residual is reported as a warning. */
const LARGE_RESIDUAL = 0.05;

/** The largest |eigenvalue|, and the ends of the spectrum it is from. */
export interface SpectralEstimate extends FlatnessEstimate {
  readonly smallestEigenvalue: number;
  readonly largestEigenvalue: number;
}

/**
 * The spectral norm of the Hessian, max |λ|, as the largest |Ritz value| of `samples`/2 iterations of Lanczos' method, two gradient
 * evaluations each. It needs fewer of them than power iteration, and gives both ends of the spectrum.
 *
 * `standardError` is ‖Hy − λy‖ of the Ritz vector y, evaluated anew, so that errors of the differences are in it: some eigenvalue is as near
 * as that. Two gradients more.
 *
 * @throws L2OError `NON_FINITE` where a gradient was not finite: an iteration cannot do without.
 */
export function estimateHessianNorm(around: Neighbourhood, random: Random, samples: number): SpectralEstimate {
  const ritz = lanczos(around, samples / 2, random);
  if (ritz === undefined) throw notFinite();
  const index = largest(ritz), eigenvalue = ritz.values[index]!, value = Math.abs(eigenvalue), vector = ritz.vector(index), image = around.hessianVector(vector);
  if (image === undefined) throw notFinite();
  addScaled(image, -eigenvalue, vector);
  const standardError = norm(image);
  const warnings: FlatnessWarning[] = standardError <= LARGE_RESIDUAL * value ? [] : [{
    code: 'NOT_CONVERGED',
    message: `hessianNorm: after ${samples / 2} iterations the residual is ${(100 * standardError / value).toFixed(0)} % of the eigenvalue. Use more samples.`,
  }];
  return {value, standardError, numSamples: samples, numDropped: 0, warnings, smallestEigenvalue: ritz.values[0]!, largestEigenvalue: ritz.values.at(-1)!};
}

/**
 * max |λ| as a penalty, from `samples`/2 Lanczos iterations.
 *
 * Its gradient: with y the eigenvector of the extreme λ, sign(λ)·∇(yᵀHy) with y held constant (Hellmann and Feynman), a second
 * difference of gradients at θ and ±ε along y: m + 3 gradient evaluations; the value alone m.
 */
export function hessianNormPenalty(samples: number): FlatnessPenalty {
  return {
    value: (around, random) => {
      const ritz = lanczos(around, samples / 2, random);
      return ritz === undefined ? NaN : Math.abs(ritz.values[largest(ritz)]!);
    },
    gradient: (around, random) => {
      const ritz = lanczos(around, samples / 2, random);
      if (ritz === undefined) return noGradient(around);
      const index = largest(ritz), eigenvalue = ritz.values[index]!, gradient = around.curvature(ritz.vector(index))?.gradient;
      if (gradient === undefined) return noGradient(around);
      for (let i = 0; i < gradient.length; i++) gradient[i]! *= Math.sign(eigenvalue);
      return {value: Math.abs(eigenvalue), gradient};
    },
  };
}

function notFinite(): L2OError {
  return new L2OError('NON_FINITE', "hessianNorm: expected finite gradients near the parameters, got one that is not. Lanczos' iterations cannot leave one out: check the parameters and the data for NaN, or take a smaller differenceRadius.");
}

/** Place of the Ritz value of largest size: the first or the last. */
function largest({values}: RitzValues): number {
  return Math.abs(values[0]!) > Math.abs(values.at(-1)!) ? 0 : values.length - 1;
}
