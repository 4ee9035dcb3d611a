import type {Random} from '../random.js';
import {droppedWarnings, meanAndError, type FlatnessEstimate} from './estimate.js';
import type {Neighbourhood} from './neighbourhood.js';
import {noGradient, type FlatnessPenalty} from './penalty.js';
import {addScaled, dot, rademacher} from './vectors.js';

/**
 * √E‖Hv‖² over random v with E[vvᵀ] = I, which is √tr(H²), the Frobenius norm: a norm, blind to the sign of curvature. By
 * `samples`/2 Rademacher probes of two gradient evaluations each.
 *
 * @throws L2OError `NON_FINITE` where no probe was finite.
 */
export function estimateFrobeniusNorm(around: Neighbourhood, random: Random, samples: number): FlatnessEstimate {
  return frobeniusOf(probeHessian(around, random, samples), samples);
}

/** {@link estimateFrobeniusNorm} of probes at hand. @param samples Two for each probe that was tried. */
export function frobeniusOf(probes: readonly Probe[], samples: number): FlatnessEstimate {
  const numDropped = samples - 2 * probes.length, warnings = droppedWarnings('hessianNorm', samples, numDropped);
  const {value: mean, standardError} = meanAndError(probes.map(({image}) => dot(image, image))), value = Math.sqrt(mean);
  return {value, standardError: value === 0 ? 0 : standardError / (2 * value), numSamples: samples, numDropped, warnings};
}

/**
 * √mean‖Hv‖² as a penalty; ‖Hv‖² is never negative, so that neither kind of curvature is rewarded.
 *
 * Its gradient: ∇½‖Hv‖² is the gradient of uᵀHv with u = Hv held constant, a mixed difference of gradients at ±ε along v and ±s
 * along u. `samples` evaluations for the images, and twice as many for the gradient: 3m in all; the value alone m.
 */
export function frobeniusPenalty(samples: number): FlatnessPenalty {
  const root = (probes: readonly Probe[]): number =>
    (probes.length === 0 ? NaN : Math.sqrt(probes.reduce((sum, {image}) => sum + dot(image, image), 0) / probes.length));
  return {
    value: (around, random) => root(probeHessian(around, random, samples)),
    gradient: (around, random) => {
      const probes = probeHessian(around, random, samples);
      const parts: {probe: Probe; gradient: Float32Array}[] = [];
      for (const probe of probes) {
        // A probe without an image pulls nowhere, and a difference along it would be none.
        const gradient = dot(probe.image, probe.image) === 0 ? new Float32Array(around.size) : around.mixedCurvatureGradient(probe.vector, probe.image);
        if (gradient !== undefined) parts.push({probe, gradient});
      }
      const value = root(parts.map(({probe}) => probe));
      if (parts.length === 0) return noGradient(around);
      const gradient = new Float32Array(around.size);
      if (value > 0) for (const part of parts) addScaled(gradient, 1 / (parts.length * value), part.gradient);
      return {value, gradient};
    },
  };
}

/** A random vector and the Hessian times it. */
export interface Probe {
  readonly vector: Float32Array;
  readonly image: Float32Array;
}

/** `samples`/2 Rademacher probes, without those that were not finite. */
export function probeHessian(around: Neighbourhood, random: Random, samples: number): Probe[] {
  const probes: Probe[] = [];
  for (let k = 0; k < samples / 2; k++) {
    const vector = rademacher(random, around.size), image = around.hessianVector(vector);
    if (image !== undefined) probes.push({vector, image});
  }
  return probes;
}
