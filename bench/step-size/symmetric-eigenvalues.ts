/** Sweeps after which the method gives up; it needs about ten. */
const MAX_SWEEPS = 60;

/**
 * Eigenvalues of a symmetric matrix in ascending order, by cyclic Jacobi rotations: slow, short, and accurate to
 * rounding of the largest one.
 *
 * @param matrix Row by row: [n, n].
 */
export function symmetricEigenvalues(matrix: Float64Array, size: number): Float64Array {
  const a = matrix.slice();
  const at = (i: number, j: number): number => a[i * size + j]!;
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let rotations = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        if (Math.abs(at(p, q)) <= Number.EPSILON * 1e-3 * Math.sqrt(Math.abs(at(p, p) * at(q, q)))) continue;
        rotate(a, size, p, q);
        rotations++;
      }
    }
    if (rotations === 0) return Float64Array.from({length: size}, (_, i) => at(i, i)).sort();
  }
  throw new Error(`symmetricEigenvalues: no convergence in ${MAX_SWEEPS} sweeps. Is the matrix symmetric and finite?`);
}

/** Turns rows and columns p and q so that entry (p, q) becomes 0. */
function rotate(a: Float64Array, size: number, p: number, q: number): void {
  const apq = a[p * size + q]!, ratio = (a[q * size + q]! - a[p * size + p]!) / (2 * apq);
  const tan = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.hypot(1, ratio));
  const cos = 1 / Math.hypot(1, tan), sin = tan * cos;
  for (let k = 0; k < size; k++) {
    const x = a[k * size + p]!, y = a[k * size + q]!;
    a[k * size + p] = cos * x - sin * y;
    a[k * size + q] = sin * x + cos * y;
  }
  for (let k = 0; k < size; k++) {
    const x = a[p * size + k]!, y = a[q * size + k]!;
    a[p * size + k] = cos * x - sin * y;
    a[q * size + k] = sin * x + cos * y;
  }
  a[p * size + q] = 0;
  a[q * size + p] = 0;
}
