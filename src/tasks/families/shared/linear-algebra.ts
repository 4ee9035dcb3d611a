import type {Random} from '../../../random.js';

/** Row-major random orthogonal matrix `[size, size]`: Gaussian rows, orthonormalised by modified Gram-Schmidt. */
export function randomOrthogonal(random: Random, size: number): Float64Array {
  const q = Float64Array.from(random.normals(size * size));
  for (let i = 0; i < size; i++) {
    const row = q.subarray(i * size, (i + 1) * size);
    // Twice is enough: one pass leaves an overlap where a row lies almost in the span of those before it.
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = q.subarray(j * size, (j + 1) * size);
        let overlap = 0;
        for (let k = 0; k < size; k++) overlap += row[k]! * other[k]!;
        for (let k = 0; k < size; k++) row[k]! -= overlap * other[k]!;
      }
      const norm = Math.hypot(...row);
      for (let k = 0; k < size; k++) row[k]! /= norm;
    }
  }
  return q;
}

/** `count` numbers from `largest / ratio` to `largest`, both among them; the rest uniform in the logarithm between. */
export function randomSpectrum(random: Random, count: number, largest: number, ratio: number): Float64Array {
  return Float64Array.from({length: count}, (_, i) =>
    i === 0 ? largest : i === count - 1 ? largest / ratio : largest * random.logUniform(1 / ratio, 1));
}

/** Row-major `a [rows, inner]` times `b [inner, columns]`. */
export function multiply(
  a: Float32Array | Float64Array, b: Float32Array | Float64Array, rows: number, inner: number, columns: number,
): Float32Array {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const x = a[i * inner + k]!;
      if (x !== 0) for (let j = 0; j < columns; j++) out[i * columns + j]! += x * b[k * columns + j]!;
    }
  }
  return Float32Array.from(out);
}
