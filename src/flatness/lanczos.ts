import type {Random} from '../random.js';
import type {Neighbourhood} from './neighbourhood.js';
import {symmetricEigensystem} from './symmetric-eigen.js';
import {addScaled, dot, norm} from './vectors.js';

/** Below this share of the largest coefficient a new direction is rounding error: the space is exhausted. */
const EXHAUSTED = 1e-5;

/** What a Krylov space of the Hessian shows of its eigenvalues. */
export interface RitzValues {
  /** Ascending. */
  readonly values: Float64Array;
  /** Squares of the start vector's components along the Ritz vectors; their sum is 1. */
  readonly weights: Float64Array;
  /** The unit Ritz vector of a value, by its place. */
  vector(index: number): Float32Array;
}

/**
 * Ritz values of the Hessian in the coordinates of the neighbourhood, by Lanczos' method from a random start with full
 * re-orthogonalisation. Costs two gradient evaluations an iteration, and memory for one parameter vector.
 *
 * @param iterations An integer ≥ 1; at most the number of parameters are made.
 * @returns Undefined where a gradient was not finite.
 * @see Golub, Meurant (2009), "Matrices, Moments and Quadrature", chapter 4.
 */
export function lanczos(around: Neighbourhood, iterations: number, random: Random): RitzValues | undefined {
  const {size} = around, basis: Float32Array[] = [], diagonal: number[] = [], offDiagonal: number[] = [];
  let next = unit(random.normals(size));
  for (let k = 0; k < Math.min(iterations, size); k++) {
    basis.push(next);
    const image = around.hessianVector(next);
    if (image === undefined) return undefined;
    diagonal.push(dot(next, image));
    // Twice is enough, said Kahan.
    for (let pass = 0; pass < 2; pass++) for (const vector of basis) addScaled(image, -dot(image, vector), vector);
    const length = norm(image);
    offDiagonal.push(length);
    if (length <= EXHAUSTED * Math.max(...diagonal.map(Math.abs), ...offDiagonal)) break;
    next = unit(image, length);
  }
  const count = basis.length, matrix = new Float64Array(count * count);
  for (let k = 0; k < count; k++) {
    matrix[k * count + k] = diagonal[k]!;
    if (k + 1 < count) matrix[k * count + k + 1] = matrix[(k + 1) * count + k] = offDiagonal[k]!;
  }
  const {values, vectors} = symmetricEigensystem(matrix, count);
  return {
    values,
    weights: Float64Array.from(vectors, vector => vector[0]! ** 2),
    vector: index => {
      const sum = new Float64Array(size);
      basis.forEach((vector, k) => addScaled(sum, vectors[index]![k]!, vector));
      return Float32Array.from(sum);
    },
  };
}

function unit(vector: Float32Array, length = norm(vector)): Float32Array {
  for (let i = 0; i < vector.length; i++) vector[i]! /= length;
  return vector;
}
