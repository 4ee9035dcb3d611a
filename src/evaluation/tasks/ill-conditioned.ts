import type {Random} from '../../random.js';
import {lassoTask, type LassoData} from '../../tasks/families/lasso.js';
import {quadraticTask} from '../../tasks/families/quadratic.js';
import {randomOrthogonal} from '../../tasks/families/shared/linear-algebra.js';
import type {DataSplits, TargetData} from '../../tasks/families/shared/supervised-task.js';
import type {Split, TaskFamily} from '../../tasks/task-family.js';

/**
 * Quadratics whose Hessian has the eigenvalues 1, 2^-p, 3^-p, …, rotated at random, from starts and minima that are standard normal.
 * @param power p, > 0.
 */
export function powerLawQuadraticFamily({dimension, power}: {dimension: number; power: number}): TaskFamily<undefined> {
  return {
    name: 'power-law quadratic',
    sample: random => {
      const eigenvalues = Float64Array.from({length: dimension}, (_, i) => (i + 1) ** -power), rotation = randomOrthogonal(random, dimension);
      const factor = Float32Array.from(rotation, (q, i) => q * Math.sqrt(eigenvalues[Math.floor(i / dimension)]!));
      return quadraticTask({dimension, factor, eigenvalues, minimum: random.normals(dimension), start: random.normals(dimension)});
    },
  };
}

/**
 * Least squares for the coefficients of a polynomial in powers of x, from -1 to 1, in which it is as ill-conditioned as can be.
 * The true coefficients are standard normal, the start is 0.
 */
export function polynomialFamily({degree, numPoints, noise}: {degree: number; numPoints: number; noise: number}): TaskFamily<Split> {
  const dimension = degree + 1;
  return {
    name: 'polynomial fit',
    sample: random => {
      const coefficients = random.normals(dimension);
      const points = (): LassoData => {
        const matrix = new Float32Array(numPoints * dimension);
        const targets = Float32Array.from({length: numPoints}, (_, i) => {
          const x = random.uniform(-1, 1);
          let value = noise * random.normal();
          for (let k = 0; k < dimension; k++) {
            matrix[i * dimension + k] = x ** k / Math.sqrt(numPoints);
            value += coefficients[k]! * x ** k;
          }
          return value / Math.sqrt(numPoints);
        });
        return {matrix, targets};
      };
      return lassoTask({rows: numPoints, dimension, l1: 0, data: {train: points(), validation: points()}, start: new Float32Array(dimension)});
    },
  };
}

/** The lasso on given data, all examples at once: half the mean squared error of a linear model, plus `l1` times the 1-norm, from a start near 0. */
export function lassoOnData(data: DataSplits<TargetData>, l1: number): TaskFamily<Split> {
  const {numFeatures} = data.train, numExamples = {train: data.train.numExamples, validation: data.validation.numExamples};
  // The built-in task has as many rows in both parts: rows of zeros add nothing.
  const rows = Math.max(numExamples.train, numExamples.validation);
  const part = (random: Random, split: Split): LassoData => {
    const scale = 1 / Math.sqrt(numExamples[split]), matrix = new Float32Array(rows * numFeatures), targets = new Float32Array(rows);
    random.permutation(numExamples[split]).forEach((example, row) => {
      for (let k = 0; k < numFeatures; k++) matrix[row * numFeatures + k] = data[split].features[example * numFeatures + k]! * scale;
      targets[row] = data[split].targets[example]! * scale;
    });
    return {matrix, targets};
  };
  return {
    name: 'lasso on data',
    sample: random => lassoTask({
      rows, dimension: numFeatures, l1, data: {train: part(random, 'train'), validation: part(random, 'validation')}, start: random.normals(numFeatures, 0.01),
    }),
  };
}
