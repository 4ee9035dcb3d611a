import type {Random} from '../random.js';
import {droppedWarnings, meanAndError, type FlatnessEstimate} from './estimate.js';
import type {Neighbourhood} from './neighbourhood.js';
import {noGradient, type FlatnessPenalty} from './penalty.js';
import {addScaled, norm} from './vectors.js';

/** Settings of both kinds of sharpness. */
export interface SharpnessSettings {
  /** ρ > 0, the length of the longest perturbation in the coordinates of the scaling. Left out: 5 % of the parameter vector's. */
  readonly radius?: number;
  /** Losses or gradients at perturbed parameters. */
  readonly samples: number;
}

const RELATIVE_RADIUS = 0.05;

/**
 * The worst case, max f(θ+z) − f(θ) over ‖z‖ ≤ ρ, found by m steps to the ball's edge: first up the gradient at θ, as
 * sharpness-aware minimization does (where it is 0, in a random direction), then again and again from θ up the gradient at the point
 * before. The highest of all points counts, θ itself included. m gradient evaluations beside the one at θ. It has no `standardError` (NaN): it is a lower bound of the maximum.
 *
 * @throws L2OError `NON_FINITE` where no step was finite.
 * @see Foret et al. (2021), "Sharpness-aware minimization", arXiv 2010.01412, equation 2; Kwon et al. (2021), "ASAM", arXiv 2102.11600, for the scaled form.
 */
export function estimateWorstSharpness(around: Neighbourhood, random: Random, settings: SharpnessSettings): FlatnessEstimate {
  const {samples} = settings, here = around.gradientHere();
  let numDropped = here.finite ? 0 : samples, highest = 0;
  let z = here.finite ? ascent(around, here.gradient, settings) ?? inDirection(around, random.normals(around.size), settings) : undefined;
  for (let k = 0; k < samples && z !== undefined; k++) {
    const point = around.gradient(z);
    if (!point.finite) {
      // Without a gradient there is no way on.
      numDropped = samples - k;
      break;
    }
    highest = Math.max(highest, point.loss - here.loss);
    z = ascent(around, point.gradient, settings);
  }
  return {value: highest, standardError: NaN, numSamples: samples, numDropped, warnings: droppedWarnings('sharpness', samples, numDropped)};
}

/**
 * The mean excess E f(θ+z) − f(θ) over z uniform in the ball ‖z‖ ≤ ρ, from m/2 antithetic pairs: m losses. Signed: negative on ridges.
 *
 * @throws L2OError `NON_FINITE` where no pair was finite.
 */
export function estimateMeanSharpness(around: Neighbourhood, random: Random, settings: SharpnessSettings): FlatnessEstimate {
  const {samples} = settings, here = around.lossHere(), excesses: number[] = [];
  for (let pair = 0; pair < samples / 2; pair++) {
    const z = inBall(around, random, settings), excess = (around.loss(z) + around.loss(z, -1)) / 2 - here;
    if (Number.isFinite(excess)) excesses.push(excess);
  }
  const numDropped = samples - 2 * excesses.length;
  return {...meanAndError(excesses), numSamples: samples, numDropped, warnings: droppedWarnings('sharpness', samples, numDropped)};
}

/**
 * SAM's worst case as a penalty: max(0, f(θ+ẑ) − f(θ)) with ẑ one step of length ρ up the gradient at θ.
 *
 * Its gradient: ∇f(θ+ẑ) − ∇f(θ), ẑ held constant, where the excess is positive: 2 gradient evaluations, whatever `samples` says; the
 * value alone one of them and a loss.
 */
export function worstSharpnessPenalty(settings: SharpnessSettings): FlatnessPenalty {
  return {
    value: around => {
      const here = around.gradientHere();
      if (!here.finite) return NaN;
      const z = ascent(around, here.gradient, settings), excess = z === undefined ? 0 : around.loss(z) - here.loss;
      return Number.isFinite(excess) ? Math.max(0, excess) : NaN;
    },
    gradient: around => {
      const here = around.gradientHere();
      if (!here.finite) return noGradient(around);
      const z = ascent(around, here.gradient, settings), point = z && around.gradient(z);
      if (point?.finite === false) return noGradient(around);
      if (point === undefined || point.loss <= here.loss) return {value: 0, gradient: new Float32Array(around.size)};
      addScaled(point.gradient, -1, here.gradient);
      return {value: point.loss - here.loss, gradient: point.gradient};
    },
  };
}

/**
 * The mean over the ball as a penalty, each antithetic pair's excess ½(f(θ+z) + f(θ−z)) − f(θ) clipped at 0.
 *
 * Its gradient: the mean over pairs of ½(∇f(θ+z) + ∇f(θ−z)) − ∇f(θ), 0 where clipped: m + 1 gradient evaluations; the value alone m + 1 losses.
 */
export function meanSharpnessPenalty(settings: SharpnessSettings): FlatnessPenalty {
  const numPairs = settings.samples / 2;
  return {
    value: (around, random) => {
      const here = around.lossHere();
      let sum = 0, count = 0;
      for (let pair = 0; pair < numPairs; pair++) {
        const z = inBall(around, random, settings), excess = (around.loss(z) + around.loss(z, -1)) / 2 - here;
        if (!Number.isFinite(excess)) continue;
        sum += Math.max(0, excess);
        count++;
      }
      return sum / count;
    },
    gradient: (around, random) => {
      const here = around.gradientHere(), gradient = new Float32Array(around.size);
      let sum = 0, count = 0;
      for (let pair = 0; pair < numPairs && here.finite; pair++) {
        const z = inBall(around, random, settings), plus = around.gradient(z), minus = around.gradient(z, -1);
        if (!plus.finite || !minus.finite) continue;
        count++;
        const excess = (plus.loss + minus.loss) / 2 - here.loss;
        if (excess <= 0) continue;
        sum += excess;
        addScaled(gradient, 0.5, plus.gradient);
        addScaled(gradient, 0.5, minus.gradient);
        addScaled(gradient, -1, here.gradient);
      }
      if (count === 0) return noGradient(around);
      for (let i = 0; i < gradient.length; i++) gradient[i]! /= count;
      return {value: sum / count, gradient};
    },
  };
}

/** The step to the ball's edge up a gradient with respect to the parameters; undefined where that is 0. */
function ascent(around: Neighbourhood, gradient: Float32Array, settings: SharpnessSettings): Float32Array | undefined {
  const z = around.toCoordinates(gradient.slice()), length = norm(z);
  return length === 0 ? undefined : inDirection(around, z, settings, 1, length);
}

/** The point of the ball's edge in a direction, or a share of the way to it, in place of the direction. */
function inDirection(around: Neighbourhood, z: Float32Array, settings: SharpnessSettings, share = 1, length = norm(z)): Float32Array {
  const factor = radiusOf(around, settings) * share / length;
  for (let i = 0; i < z.length; i++) z[i]! *= factor;
  return z;
}

/** A point uniform in the ball. */
function inBall(around: Neighbourhood, random: Random, settings: SharpnessSettings): Float32Array {
  const direction = random.normals(around.size);
  return inDirection(around, direction, settings, (1 - random.uniform()) ** (1 / around.size));
}

/** The radius of the ball, in the coordinates of the scaling. */
export function radiusOf(around: Neighbourhood, {radius}: Pick<SharpnessSettings, 'radius'>): number {
  return radius ?? RELATIVE_RADIUS * around.length;
}
