import type {Random} from '../random.js';
import {numQuadraticFeatures, quadraticFeatures, regressedMean} from './control-variates.js';
import {droppedWarnings, type FlatnessEstimate, type FlatnessWarning} from './estimate.js';
import type {FlatnessGradient} from './flatness-term.js';
import {lanczos} from './lanczos.js';
import type {Neighbourhood} from './neighbourhood.js';
import {noGradient, type FlatnessPenalty} from './penalty.js';
import {addScaled, evenPart, scaled} from './vectors.js';

/** Settings of the local entropy. */
export interface LocalEntropySettings {
  /** γ > 0: samples are N(0, I/γ) in the coordinates of the scaling. */
  readonly gamma: number;
  /** m: losses at perturbed parameters, an antithetic pair being two; a multiple of twice `steps`. */
  readonly samples: number;
  /** 1: the Gaussian identity. More: each sample comes out of that many annealed Langevin steps. */
  readonly steps: number;
}

/** Share of the way back to the centre that a Langevin step takes where the loss is flat. */
const LANGEVIN_RATE = 0.2;
/** Room for the rounding errors of a curvature that was measured. */
const GAMMA_MARGIN = 1.001;
const CURVATURE_ITERATIONS = 10;

/**
 * The local entropy's excess over the loss, E = −log E exp(−(f(θ+z) − f(θ))) with z ~ N(0, I/γ), that is −F_γ(θ) − f(θ) up to
 * the constant of the Gaussian: near 0 in a wide valley, large in a narrow one, negative on slopes and ridges.
 *
 * By the Gaussian identity itself: antithetic samples, summed by logsumexp; second moments of z, which are known, as control variates
 * where there are enough samples. The weights exp(−(f(θ+z) − f(θ))) grow unequal with
 * the number of dimensions and with curvature over γ; the effective sample size tells. With `steps` > 1 by stochastic gradient
 * Langevin dynamics instead, as in Entropy-SGD: z moves from the Gaussian to the posterior ∝ exp(−f(θ+z) − ½γ‖z‖²) in that many
 * steps while the loss is turned on, and the work W it takes has E exp(−W) = E exp(−(f(θ+z) − f(θ))) (annealed importance sampling).
 * With one step the two are the same.
 *
 * Costs m losses; with `steps` > 1 m gradients; and 20 gradients where `smallestEigenvalue` is left out.
 *
 * @param smallestEigenvalue Of the Hessian in the same coordinates; where γ is at or below its negative, the integral over the loss's
 *   quadratic model diverges, and a warning says so. Default: found by Lanczos' method.
 * @throws L2OError `NON_FINITE` where no sample was finite.
 * @see Chaudhari et al. (2017), "Entropy-SGD", arXiv 1611.01838, equation 3 and algorithm 1; Neal (2001), "Annealed importance sampling".
 *   Differs from Entropy-SGD: full noise (theirs is 10⁻⁴ of it), a start in the Gaussian rather than at θ, and no averaging over steps.
 */
export function estimateLocalEntropy(around: Neighbourhood, random: Random, settings: LocalEntropySettings, smallestEigenvalue?: number): FlatnessEstimate {
  const {gamma, samples, steps} = settings, here = around.lossHere(), works: number[][] = [], features: Float64Array[] = [];
  const numPairs = samples / (2 * steps), numFeatures = steps === 1 ? numQuadraticFeatures(around.size, numPairs) : 0;
  for (let pair = 0; pair < numPairs; pair++) {
    const noise = noises(random, around.size, steps);
    const both = [1, -1].map(sign => steps === 1 ? around.loss(noise[0]!, sign / Math.sqrt(gamma)) - here : langevinWork(around, noise, sign, gamma, here));
    if (!both.every(Number.isFinite)) continue;
    works.push(both);
    features.push(quadraticFeatures(noise[0]!, numFeatures));
  }
  const numDropped = samples - works.length * 2 * steps;
  const warnings = droppedWarnings('localEntropy', samples, numDropped);
  const least = works.flat().reduce((a, b) => Math.min(a, b), Infinity);
  const weights = works.flat().map(work => Math.exp(least - work));
  const pairMeans = works.map(both => both.reduce((sum, work) => sum + Math.exp(least - work) / 2, 0));
  const {value: mean, standardError} = regressedMean(pairMeans, numDropped === 0 ? features : []); // dropping shifts the features' means
  const effectiveSampleSize = steps * weights.reduce((a, b) => a + b, 0) ** 2 / weights.reduce((a, b) => a + b * b, 0);
  if (effectiveSampleSize < samples / 4) {
    warnings.push({
      code: 'LOW_EFFECTIVE_SAMPLE_SIZE',
      message: `localEntropy: the ${samples} samples are worth ${effectiveSampleSize.toPrecision(2)} equally weighted ones, fewer than a quarter: the value is too high by an unknown amount. Raise gamma, or use more samples or Langevin steps.`,
    });
  }
  const lowest = smallestEigenvalue ?? lanczos(around, CURVATURE_ITERATIONS, random.fork('curvature'))?.values[0];
  return {
    value: least - Math.log(mean), standardError: standardError / mean, numSamples: samples, numDropped, effectiveSampleSize,
    warnings: [...warnings, ...(lowest === undefined ? [] : gammaWarnings(gamma, lowest))],
  };
}

/**
 * The local entropy as a penalty: that of the loss's even part around θ, each antithetic pair's excess clipped at 0,
 * P = −log mean_k exp(−p_k) with p_k = max(0, ½(f(θ+z_k) + f(θ−z_k)) − f(θ)). At a minimum it is the measure itself; elsewhere it
 * leaves out what the measure gives for slopes, which are the optimizer's own affair, and for ridges.
 *
 * Its gradient: the mean of ½(∇f(θ+z_k) + ∇f(θ−z_k)) − ∇f(θ) over unclipped pairs, weighted by exp(−p_k); m + 1 gradient evaluations.
 * The value alone: m + 1 losses, or with `steps` > 1 as many gradients. Clipping is by pair: a pair that meets both positive and
 * negative curvature counts their sum, where that is positive.
 */
export function localEntropyPenalty({gamma, samples, steps}: LocalEntropySettings): FlatnessPenalty {
  const numPairs = samples / (2 * steps);
  const run = (around: Neighbourhood, random: Random, wantsGradient: boolean): PairSample[] => {
    const pairs: PairSample[] = [];
    for (let pair = 0; pair < numPairs; pair++) {
      const sample = annealPair(around, noises(random, around.size, steps), gamma, wantsGradient);
      if (sample !== undefined) pairs.push(sample);
    }
    return pairs;
  };
  return {
    value: (around, random) => (Number.isFinite(around.lossHere()) ? freeEnergy(run(around, random, false)) : NaN),
    gradient: (around, random): FlatnessGradient => {
      if (!around.gradientHere().finite) return noGradient(around);
      const pairs = run(around, random, true), value = freeEnergy(pairs);
      if (pairs.length === 0) return noGradient(around);
      const gradient = new Float32Array(around.size);
      const least = leastWork(pairs), total = pairs.reduce((sum, {work}) => sum + Math.exp(least - work), 0);
      for (const {work, gradient: g} of pairs) if (g !== undefined) addScaled(gradient, Math.exp(least - work) / total, g);
      return {value, gradient};
    },
  };
}

interface PairSample {
  /** Work done on the pair: its clipped excess where there is one step. */
  readonly work: number;
  /** Gradient of the clipped excess at the last point with respect to the parameters; left out where it is 0. */
  readonly gradient?: Float32Array;
}

/** By a loop: there may be more pairs than a call takes arguments. */
function leastWork(pairs: readonly PairSample[]): number {
  return pairs.reduce((least, {work}) => Math.min(least, work), Infinity);
}

function freeEnergy(pairs: readonly PairSample[]): number {
  if (pairs.length === 0) return NaN;
  const least = leastWork(pairs);
  return least - Math.log(pairs.reduce((sum, {work}) => sum + Math.exp(least - work), 0) / pairs.length);
}

/** One pair under annealed Langevin dynamics in its clipped excess. Undefined where something was not finite. */
function annealPair(around: Neighbourhood, noise: readonly Float32Array[], gamma: number, wantsGradient: boolean): PairSample | undefined {
  const z = scaled(noise[0]!, 1 / Math.sqrt(gamma)), steps = noise.length, here = around.lossHere();
  let work = 0;
  for (let k = 0; ; k++) {
    const isLast = k === steps - 1;
    if (isLast && !wantsGradient) {
      const excess = (around.loss(z) + around.loss(z, -1)) / 2 - here;
      return Number.isFinite(excess) ? {work: work + Math.max(0, excess) / steps} : undefined;
    }
    const plus = around.gradient(z), minus = around.gradient(z, -1), excess = (plus.loss + minus.loss) / 2 - here;
    if (!plus.finite || !minus.finite) return undefined;
    work += Math.max(0, excess) / steps;
    if (isLast) {
      if (excess <= 0) return {work};
      return {work, gradient: evenPart(plus.gradient, minus.gradient, around.gradientHere().gradient)};
    }
    const drift = plus.gradient;
    if (excess <= 0) drift.fill(0);
    else for (let i = 0; i < drift.length; i++) drift[i] = (drift[i]! - minus.gradient[i]!) / 2;
    langevinStep(z, around.toCoordinates(drift), (k + 1) / steps, noise[k + 1]!, 1, gamma);
  }
}

/** Work of turning the loss on under Langevin dynamics from a Gaussian start; NaN where something was not finite. */
function langevinWork(around: Neighbourhood, noise: readonly Float32Array[], sign: number, gamma: number, here: number): number {
  const z = noise[0]!.map(x => sign * x / Math.sqrt(gamma)), steps = noise.length;
  let work = 0;
  for (let k = 0; k < steps - 1; k++) {
    const {loss, gradient, finite} = around.gradient(z);
    if (!finite) return NaN;
    work += (loss - here) / steps;
    langevinStep(z, around.toCoordinates(gradient), (k + 1) / steps, noise[k + 1]!, sign, gamma);
  }
  return work + (around.loss(z) - here) / steps;
}

/** One step that keeps N(0, I/γ) exactly where the gradient is 0. */
function langevinStep(z: Float32Array, gradient: Float32Array, share: number, noise: Float32Array, sign: number, gamma: number): void {
  const keep = 1 - LANGEVIN_RATE, kick = sign * Math.sqrt((1 - keep * keep) / gamma), push = LANGEVIN_RATE * share / gamma;
  for (let i = 0; i < z.length; i++) z[i] = keep * z[i]! - push * gradient[i]! + kick * noise[i]!;
}

function noises(random: Random, size: number, steps: number): Float32Array[] {
  return Array.from({length: steps}, () => random.normals(size));
}

function gammaWarnings(gamma: number, lowest: number): FlatnessWarning[] {
  if (gamma > -lowest * GAMMA_MARGIN) return [];
  return [{
    code: 'GAMMA_TOO_SMALL',
    message: `localEntropy: gamma ${gamma} is at or below −λmin = ${(-lowest).toPrecision(4)}: over the quadratic model of the loss the integral diverges, and the value depends on the far field or on luck. Raise gamma.`,
  }];
}

