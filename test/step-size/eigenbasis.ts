import {Random} from '../../src/random.js';
import {type Quadratic} from '../../src/step-size/quadratic.js';

/** A quadratic whose eigenvalues λ and coefficients c of w₀ along the eigenvectors are known. */
export interface KnownQuadratic extends Quadratic {
  readonly eigenvalues: readonly number[];
  readonly coefficients: readonly number[];
}

/** H = QΛQᵀ and w₀ = Qc, with Q a product of random reflections. */
export function knownQuadratic(eigenvalues: readonly number[], seed = 1): KnownQuadratic {
  const random = new Random(seed), size = eigenvalues.length;
  let columns = eigenvalues.map((_, i) => eigenvalues.map((_value, j) => Number(i === j)));
  for (let k = 0; k < size; k++) {
    const u = eigenvalues.map(() => random.normal()), norm = u.reduce((sum, x) => sum + x * x, 0);
    columns = columns.map(q => {
      const along = (2 * q.reduce((sum, x, i) => sum + x * u[i]!, 0)) / norm;
      return q.map((x, i) => x - along * u[i]!);
    });
  }
  const coefficients = eigenvalues.map(() => random.normal());
  const start = Float64Array.from({length: size}, (_, i) => columns.reduce((sum, q, k) => sum + q[i]! * coefficients[k]!, 0));
  const matrix = Float64Array.from({length: size * size}, (_, at) => {
    const i = Math.floor(at / size), j = at % size;
    return columns.reduce((sum, q, k) => sum + q[i]! * eigenvalues[k]! * q[j]!, 0);
  });
  return {matrix, start, eigenvalues, coefficients};
}

/** The paper's closed form of F', with b = (1 − ηλ)/s and s the largest |1 − ηλ|. */
export function closedForm({eigenvalues, coefficients}: KnownQuadratic, stepSize: number, numSteps: number): number {
  const scale = Math.max(...eigenvalues.map(lambda => Math.abs(1 - stepSize * lambda)));
  let numerator = 0, denominator = 0;
  eigenvalues.forEach((lambda, i) => {
    const b = (1 - stepSize * lambda) / scale, c2 = coefficients[i]! ** 2;
    numerator += (c2 * lambda ** 2 * b ** (2 * numSteps - 1)) / scale;
    denominator += c2 * lambda * b ** (2 * numSteps);
  });
  return (-2 * numerator) / denominator;
}

/** The bound on |F'| behind the paper's theorem: no t in it. */
export function polynomialBound({eigenvalues, coefficients}: KnownQuadratic): number {
  const largest = Math.max(...eigenvalues), smallest = Math.min(...eigenvalues);
  const squares = coefficients.map(c => c * c), total = squares.reduce((sum, c2) => sum + c2, 0);
  return (4 * total * largest ** 3) / (Math.min(...squares) * smallest * (largest - smallest));
}
