import type {Random} from '../random.js';
import {droppedWarnings, meanAndError, type FlatnessEstimate} from './estimate.js';
import {probeHessian, type Probe} from './hessian-square.js';
import type {Neighbourhood} from './neighbourhood.js';
import {noGradient, type FlatnessPenalty} from './penalty.js';
import {addScaled, dot, rademacher} from './vectors.js';

/**
 * The signed trace of the Hessian by Hutchinson's estimator: the mean of vᵀHv over `samples`/2 Rademacher vectors, each of two
 * gradient evaluations. For reports: as a penalty it would pay for negative curvature.
 *
 * @throws L2OError `NON_FINITE` where no probe was finite.
 * @see Hutchinson (1990), "A stochastic estimator of the trace of the influence matrix".
 */
export function estimateHessianTrace(around: Neighbourhood, random: Random, samples: number): FlatnessEstimate {
  return traceOf(probeHessian(around, random, samples), samples);
}

/** {@link estimateHessianTrace} of probes at hand. @param samples Two for each probe that was tried. */
export function traceOf(probes: readonly Probe[], samples: number): FlatnessEstimate {
  const numDropped = samples - 2 * probes.length, warnings = droppedWarnings('hessianTrace', samples, numDropped);
  return {...meanAndError(probes.map(({vector, image}) => dot(vector, image))), numSamples: samples, numDropped, warnings};
}

/**
 * |mean vᵀHv| as a penalty.
 *
 * Its gradient: sign(mean) times the mean of ∇(vᵀHv), a second difference of gradients at θ and ±ε along each v. m + 1 gradient
 * evaluations, the value included; the value alone m.
 */
export function absoluteTracePenalty(samples: number): FlatnessPenalty {
  return {
    value: (around, random) => Math.abs(meanAndError(probeHessian(around, random, samples).map(({vector, image}) => dot(vector, image))).value),
    gradient: (around, random) => {
      const gradient = new Float32Array(around.size);
      let sum = 0, count = 0;
      for (let k = 0; k < samples / 2; k++) {
        const curvature = around.curvature(rademacher(random, around.size));
        if (curvature === undefined) continue;
        sum += curvature.form;
        count++;
        addScaled(gradient, 1, curvature.gradient);
      }
      if (count === 0) return noGradient(around);
      for (let i = 0; i < gradient.length; i++) gradient[i]! *= Math.sign(sum) / count;
      return {value: Math.abs(sum) / count, gradient};
    },
  };
}
