import type {Random} from '../random.js';

/** aᵀb, with the sum in float64. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** ‖a‖. */
export function norm(a: ArrayLike<number>): number {
  return Math.sqrt(dot(a, a));
}

/** target += factor · a. */
export function addScaled(target: Float32Array | Float64Array, factor: number, a: ArrayLike<number>): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * a[i]!;
}

/** factor · a. */
export function scaled(a: Float32Array, factor: number): Float32Array {
  const out = new Float32Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = factor * a[i]!;
  return out;
}

/** (plus + minus) / 2 − center, in place of `plus`. */
export function evenPart(plus: Float32Array, minus: Float32Array, center: Float32Array): Float32Array {
  for (let i = 0; i < plus.length; i++) plus[i] = (plus[i]! + minus[i]!) / 2 - center[i]!;
  return plus;
}

/** Whether no entry is NaN or infinite. */
export function isFiniteVector(a: ArrayLike<number>): boolean {
  // x − x is NaN for both, and a sum of zeros cannot overflow. Two sums, as each addition waits for the one before.
  let even = 0, odd = 0;
  const end = a.length - a.length % 2;
  for (let i = 0; i < end; i += 2) {
    even += a[i]! - a[i]!;
    odd += a[i + 1]! - a[i + 1]!;
  }
  if (end < a.length) odd += a[end]! - a[end]!;
  return even + odd === 0;
}

/** Entries −1 and 1, as likely: a probe of E[zzᵀ] = I whose quadratic forms have the least variance. */
export function rademacher(random: Random, size: number): Float32Array {
  const out = new Float32Array(size);
  for (let i = 0, bits = 0; i < size; i++, bits >>>= 1) {
    if (i % 32 === 0) bits = random.next();
    out[i] = (bits & 1) === 1 ? 1 : -1;
  }
  return out;
}
