import type {LossProbe} from './loss-probe.js';
import {dot, isFiniteVector, norm} from './vectors.js';

/**
 * What perturbations are relative to: nothing ('plain'), the RMS of each tensor, or that of each filter, which is all entries
 * of a tensor of two or more dimensions with the same last index (what makes one unit in kernels of dense, recurrent and conv layers; not in those of
 * depthwise and transposed ones, whose last index is another); other tensors count as one.
 */
export type PerturbationScaling = 'plain' | 'tensor' | 'filter';
/** All of {@link PerturbationScaling}. */
export const PERTURBATION_SCALINGS: readonly PerturbationScaling[] = ['plain', 'tensor', 'filter'];

/** Length of the steps of central differences, relative to that of the parameter vector, in the coordinates of the scaling. */
export const DEFAULT_DIFFERENCE_RADIUS = 0.003;

/** Loss and gradient at one point. */
export interface PointGradient {
  readonly loss: number;
  /** With respect to the parameters. */
  readonly gradient: Float32Array;
  /** Whether neither has a NaN or an infinity. */
  readonly finite: boolean;
}

/**
 * The surroundings of a probe's parameters θ, in coordinates z of the perturbation: θ + d∘z. With d = 1 it is plain; with d
 * the RMS of a tensor or filter, what is measured in z does not change where layers are rescaled without changing the function,
 * as those of relu networks can be. A tensor of zeros has d = 0: it is not perturbed. d counts as a constant in all gradients.
 */
export class Neighbourhood {
  readonly origin: Float32Array;
  /** d; undefined where it is 1 throughout. */
  private readonly scales: Float32Array | undefined;
  /** Length of θ in the coordinates z; of a vector of ones where θ = 0. */
  readonly length: number;
  private center: PointGradient | undefined;
  private centerLoss: number | undefined;

  constructor(private readonly probe: LossProbe, scaling: PerturbationScaling = 'plain', private readonly differenceRadius = DEFAULT_DIFFERENCE_RADIUS) {
    this.origin = probe.parameters();
    this.scales = scaling === 'plain' ? undefined : relativeScales(this.origin, probe.shapes, scaling);
    const active = this.scales === undefined ? norm(this.origin) : Math.sqrt(countNonZero(this.scales));
    this.length = active === 0 ? Math.sqrt(this.origin.length) : active;
  }

  /** Number of parameters. */
  get size(): number {
    return this.origin.length;
  }

  /** f(θ). */
  lossHere(): number {
    return this.centerLoss ??= this.center?.loss ?? this.probe.loss(this.origin);
  }

  /** ∇f(θ); evaluated once. */
  gradientHere(): PointGradient {
    return this.center ??= this.evaluate(this.origin);
  }

  /** f(θ + factor · d∘z). */
  loss(z: ArrayLike<number>, factor = 1): number {
    return this.probe.loss(this.point(z, factor));
  }

  /** Loss and gradient at θ + factor · d∘z. */
  gradient(z: ArrayLike<number>, factor = 1): PointGradient {
    return this.evaluate(this.point(z, factor));
  }

  /** A gradient with respect to the parameters as one with respect to z: d∘g. Changes it in place. */
  toCoordinates(gradient: Float32Array): Float32Array {
    if (this.scales !== undefined) for (let i = 0; i < gradient.length; i++) gradient[i]! *= this.scales[i]!;
    return gradient;
  }

  /**
   * Hessian times z, in the coordinates z: d∘H(d∘z). By the central difference of gradients at ±ε, two gradient evaluations; exactly
   * where the probe can. Undefined where it is not finite.
   */
  hessianVector(z: Float32Array): Float32Array | undefined {
    if (this.probe.hessianVector !== undefined) {
      const product = this.toCoordinates(this.probe.hessianVector(this.origin, this.toCoordinates(z.slice())));
      return isFiniteVector(product) ? product : undefined;
    }
    const step = this.stepAlong(z), plus = this.gradient(z, step), minus = this.gradient(z, -step);
    if (!plus.finite || !minus.finite) return undefined;
    for (let i = 0; i < this.size; i++) plus.gradient[i] = (plus.gradient[i]! - minus.gradient[i]!) / (2 * step);
    return this.toCoordinates(plus.gradient);
  }

  /**
   * zᵀHz and its gradient with respect to the parameters, [∇f(+ε) − 2∇f(θ) + ∇f(−ε)]/ε²: two gradient evaluations beside the one at θ.
   * Undefined where they are not finite.
   */
  curvature(z: Float32Array): {readonly form: number; readonly gradient: Float32Array} | undefined {
    const step = this.stepAlong(z), here = this.gradientHere(), plus = this.gradient(z, step), minus = this.gradient(z, -step);
    if (!here.finite || !plus.finite || !minus.finite) return undefined;
    const gradient = new Float32Array(this.size), difference = new Float32Array(this.size);
    for (let i = 0; i < this.size; i++) {
      difference[i] = (plus.gradient[i]! - minus.gradient[i]!) / (2 * step);
      gradient[i] = (plus.gradient[i]! - 2 * here.gradient[i]! + minus.gradient[i]!) / step ** 2;
    }
    return {form: dot(z, this.toCoordinates(difference)), gradient};
  }

  /**
   * The gradient of uᵀHz with respect to the parameters, by a mixed difference of four gradients at ±ε along z and ±s along u.
   * Undefined where it is not finite.
   */
  mixedCurvatureGradient(z: Float32Array, u: Float32Array): Float32Array | undefined {
    const zStep = this.stepAlong(z), uStep = this.stepAlong(u);
    const total = new Float32Array(this.size), at = new Float32Array(this.size);
    for (const [zSign, uSign] of [[1, 1], [1, -1], [-1, 1], [-1, -1]] as const) {
      for (let i = 0; i < this.size; i++) at[i] = zSign * zStep * z[i]! + uSign * uStep * u[i]!;
      const {gradient, finite} = this.gradient(at);
      if (!finite) return undefined;
      for (let i = 0; i < this.size; i++) total[i]! += zSign * uSign * gradient[i]!;
    }
    for (let i = 0; i < this.size; i++) total[i]! /= 4 * zStep * uStep;
    return total;
  }

  /** The multiple of z that has the length of a difference's step. */
  private stepAlong(z: Float32Array): number {
    const length = norm(z);
    return length === 0 ? 1 : this.differenceRadius * this.length / length;
  }

  private point(z: ArrayLike<number>, factor: number): Float32Array {
    const {origin, scales} = this, at = new Float32Array(origin.length);
    if (scales === undefined) for (let i = 0; i < at.length; i++) at[i] = origin[i]! + factor * z[i]!;
    else for (let i = 0; i < at.length; i++) at[i] = origin[i]! + factor * z[i]! * scales[i]!;
    return at;
  }

  private evaluate(at: Float32Array): PointGradient {
    const {loss, gradient} = this.probe.gradient(at);
    return {loss, gradient, finite: Number.isFinite(loss) && isFiniteVector(gradient)};
  }
}

/** The RMS of the tensor or filter that each parameter belongs to. */
export function relativeScales(parameters: Float32Array, shapes: LossProbe['shapes'], scaling: 'tensor' | 'filter'): Float32Array {
  const scales = new Float32Array(parameters.length);
  let start = 0;
  for (const shape of shapes) {
    const size = shape.reduce((product, n) => product * n, 1);
    // Filters are interleaved: entry i belongs to filter i mod numFilters.
    const numFilters = scaling === 'filter' && shape.length > 1 ? shape.at(-1)! : 1;
    if (numFilters === 1) scales.fill(norm(parameters.subarray(start, start + size)) / Math.sqrt(size), start, start + size);
    else {
      const squares = new Float64Array(numFilters);
      for (let i = 0; i < size; i++) squares[i % numFilters]! += parameters[start + i]! ** 2;
      const rms = squares.map(sum => Math.sqrt(sum * numFilters / size));
      for (let i = 0; i < size; i++) scales[start + i] = rms[i % numFilters]!;
    }
    start += size;
  }
  return scales;
}

function countNonZero(values: Float32Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) count++;
  return count;
}
