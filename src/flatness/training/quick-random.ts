import {Random} from '../../random.js';

const BITS = 16, COUNT = 2 ** BITS;
let quantiles: Float32Array | undefined;

/**
 * A {@link Random} whose `normals` cost about as much as uniform numbers: each is one of 65,536 equally likely quantiles of the
 * normal distribution, two to a draw. Independent, with the right mean and variance to 4 digits; but none is beyond ±4.33 deviations.
 * For perturbations, many of them at every training step; everything else should take `Random`'s own.
 */
export class QuickRandom extends Random {
  /** `count` normal numbers of the given standard deviation. */
  override normals(count: number, deviation = 1): Float32Array {
    const table = (quantiles ??= makeQuantiles()), out = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      const bits = this.next();
      out[i] = deviation * table[bits & (COUNT - 1)]!;
      // Past the end where the count is odd: such a write is lost.
      out[i + 1] = deviation * table[bits >>> BITS]!;
    }
    return out;
  }
}

/** The quantiles of the normal distribution at (k + ½)/65,536. */
function makeQuantiles(): Float32Array {
  const out = new Float32Array(COUNT), half = COUNT / 2;
  // dx/dp = 1/φ(x), by the classical Runge-Kutta method from the median outwards.
  const slope = (x: number): number => Math.sqrt(2 * Math.PI) * Math.exp(x * x / 2);
  const step = 1 / COUNT;
  for (let k = 0, x = 0; k < half; k++) {
    // Half a step to the first quantile, whole ones from there on.
    const h = k === 0 ? step / 2 : step;
    const a = slope(x), b = slope(x + h * a / 2), c = slope(x + h * b / 2), d = slope(x + h * c);
    x += h * (a + 2 * b + 2 * c + d) / 6;
    out[half + k] = x;
    out[half - 1 - k] = -x;
  }
  return out;
}
