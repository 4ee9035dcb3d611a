/** Sweeps after which the method gives up; it needs about ten. */
const MAX_SWEEPS = 60;

/** Eigenvalues of a symmetric matrix in ascending order, and their vectors. */
export interface Eigensystem {
  readonly values: Float64Array;
  /** Unit eigenvectors, in the order of the values. */
  readonly vectors: readonly Float64Array[];
}

/**
 * Eigenvalues of a symmetric matrix in ascending order, by cyclic Jacobi rotations: slow, short, and accurate to
 * rounding of the largest one.
 *
 * @param matrix Row by row: [n, n]; left as it is.
 * @throws Error where it is not symmetric and finite.
 */
export function symmetricEigenvalues(matrix: Float64Array, size: number): Float64Array {
  return diagonalise(matrix.slice(), size).sort();
}

/** As {@link symmetricEigenvalues}, with the eigenvectors. */
export function symmetricEigensystem(matrix: Float64Array, size: number): Eigensystem {
  const rotations = new Float64Array(size * size); // columns become the eigenvectors
  for (let i = 0; i < size; i++) rotations[i * size + i] = 1;
  const diagonal = diagonalise(matrix.slice(), size, rotations);
  const order = Array.from(diagonal.keys()).sort((i, j) => diagonal[i]! - diagonal[j]!);
  return {
    values: Float64Array.from(order, i => diagonal[i]!),
    vectors: order.map(i => Float64Array.from({length: size}, (_, row) => rotations[row * size + i]!)),
  };
}

/** Turns `a` into a diagonal matrix. @param rotations Receives the same turns of its columns. @returns The diagonal. */
function diagonalise(a: Float64Array, size: number, rotations?: Float64Array): Float64Array {
  const at = (i: number, j: number): number => a[i * size + j]!;
  // Relative to the two diagonal entries, so that small eigenvalues are right too; the floor ends it where those are 0.
  const floor = 1e-30 * a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let turns = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        if (Math.abs(at(p, q)) <= floor + Number.EPSILON * 1e-3 * Math.sqrt(Math.abs(at(p, p) * at(q, q)))) continue;
        rotate(a, size, p, q, rotations);
        turns++;
      }
    }
    if (turns === 0) return Float64Array.from({length: size}, (_, i) => at(i, i));
  }
  throw new Error(`symmetricEigenvalues: no convergence in ${MAX_SWEEPS} sweeps. Is the matrix symmetric and finite?`);
}

/** Turns rows and columns p and q so that entry (p, q) becomes 0. */
function rotate(a: Float64Array, size: number, p: number, q: number, rotations?: Float64Array): void {
  const apq = a[p * size + q]!, ratio = (a[q * size + q]! - a[p * size + p]!) / (2 * apq);
  const tan = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.hypot(1, ratio));
  const cos = 1 / Math.hypot(1, tan), sin = tan * cos;
  turnColumns(a, size, p, q, cos, sin);
  for (let k = 0; k < size; k++) {
    const x = a[p * size + k]!, y = a[q * size + k]!;
    a[p * size + k] = cos * x - sin * y;
    a[q * size + k] = sin * x + cos * y;
  }
  a[p * size + q] = 0;
  a[q * size + p] = 0;
  if (rotations !== undefined) turnColumns(rotations, size, p, q, cos, sin);
}

function turnColumns(a: Float64Array, size: number, p: number, q: number, cos: number, sin: number): void {
  for (let k = 0; k < size; k++) {
    const x = a[k * size + p]!, y = a[k * size + q]!;
    a[k * size + p] = cos * x - sin * y;
    a[k * size + q] = sin * x + cos * y;
  }
}
