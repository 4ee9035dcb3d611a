import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {Random} from '../../../src/random.js';
import {lassoFamily, lassoTask, sampleLasso} from '../../../src/tasks/families/lasso.js';
import {logisticRegressionFamily, sampleLogisticRegression} from '../../../src/tasks/families/logistic-regression.js';
import {quadraticFamily, quadraticTask, sampleQuadratic} from '../../../src/tasks/families/quadratic.js';
import {disposeBatch, nextBatch} from '../../support/task-checks.js';

describe('quadraticFamily', () => {
  const problem = sampleQuadratic(new Random(1), {dimension: 12, conditionNumber: 1000, largestEigenvalue: 4});

  it('has a Hessian of the given spectrum', () => {
    const {factor, eigenvalues, dimension: n} = problem;
    expect(eigenvalues[0]).to.equal(4);
    expect(eigenvalues[n - 1]).to.be.closeTo(0.004, 1e-9);
    // The rows of the factor are orthogonal, and their squared norms are the eigenvalues of AᵀA.
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let product = 0;
        for (let k = 0; k < n; k++) product += factor[i * n + k]! * factor[j * n + k]!;
        expect(product).to.be.closeTo(i === j ? eigenvalues[i]! : 0, 1e-6);
      }
    }
  });

  it('has the loss ½ Σ λ (distance along each axis)², 0 at the minimum', () => {
    const task = quadraticTask(problem), {factor, eigenvalues, minimum, dimension: n} = problem;
    const at = (x: Float32Array): number => tf.tidy(() => task.loss({x: tf.tensor1d(x)}, undefined).dataSync()[0]!);
    expect(at(minimum)).to.equal(0);
    for (const axis of [0, n - 1]) {
      const moved = minimum.map((m, k) => m + (3 * factor[axis * n + k]!) / Math.sqrt(eigenvalues[axis]!));
      expect(at(moved) / (4.5 * eigenvalues[axis]!)).to.be.closeTo(1, 1e-4);
    }
    task.dispose?.();
  });

  it('names the option that is wrong', () => {
    for (const [options, name] of [[{dimension: 0}, 'dimension'], [{conditionNumber: 0.5}, 'conditionNumber'],
      [{conditionNumber: [10, 1]}, 'conditionNumber'], [{largestEigenvalue: 0}, 'largestEigenvalue'], [{dimension: '3'}, 'dimension']] as [object, string][]) {
      expect(() => quadraticFamily(options)).to.throw(`quadraticFamily: ${name} must be`).with.property('code', 'INVALID_ARGUMENT');
    }
    expect(() => quadraticFamily({condition: 10} as object)).to.throw('got \'condition\'').with.property('code', 'UNKNOWN_OPTION');
    expect(() => quadraticFamily(null as unknown as object)).to.throw('options must be').with.property('code', 'INVALID_ARGUMENT');
  });
});

describe('lassoFamily', () => {
  const options = {rows: 30, dimension: 10, l1: 0.3, density: 0.2, noise: 0, matrixScale: undefined};

  it('has the loss ½‖Wx - y‖² + λ‖x‖₁ of each split', () => {
    const problem = sampleLasso(new Random(2), options), task = lassoTask(problem), x = new Random(3).normals(10);
    for (const split of ['train', 'validation'] as const) {
      const {matrix, targets} = problem.data[split];
      let expected = 0.3 * x.reduce((sum, value) => sum + Math.abs(value), 0);
      for (let i = 0; i < 30; i++) {
        let residual = -targets[i]!;
        for (let k = 0; k < 10; k++) residual += matrix[i * 10 + k]! * x[k]!;
        expected += 0.5 * residual ** 2;
      }
      const loss = tf.tidy(() => task.loss({x: tf.tensor1d(x)}, nextBatch(task.batches(split))).dataSync()[0]!);
      expect(loss).to.be.closeTo(expected, 1e-4 * expected);
    }
    task.dispose?.();
  });

  it('has other equations for validation, with the same solution', () => {
    const {data} = sampleLasso(new Random(2), options), loss0 = lassoTask(sampleLasso(new Random(2), {...options, l1: 0}));
    expect(data.validation.matrix).to.not.deep.equal(data.train.matrix);
    // Least squares on the training equations, by many steps of gradient descent: noiseless, so validation falls to 0 as well.
    let x: tf.Tensor = tf.zeros([10]);
    for (let step = 0; step < 300; step++) {
      const next = tf.tidy(() => tf.sub(x, tf.mul(0.3, tf.grad((p: tf.Tensor) => loss0.loss({x: p}, 'train'))(x))));
      x.dispose();
      x = next;
    }
    expect(tf.tidy(() => loss0.loss({x}, 'validation').dataSync()[0]!)).to.be.below(1e-5);
    x.dispose();
    loss0.dispose?.();
  });

  it('names the option that is wrong', () => {
    for (const [given, name] of [[{rows: 0}, 'rows'], [{dimension: -1}, 'dimension'], [{l1: -1}, 'l1'], [{l1: [0, 1]}, 'l1'], [{density: 2}, 'density'],
      [{noise: -1}, 'noise'], [{matrixScale: 0}, 'matrixScale']] as [object, string][]) {
      expect(() => lassoFamily(given)).to.throw(`lassoFamily: ${name} must be`).with.property('code', 'INVALID_ARGUMENT');
    }
  });
});

describe('logisticRegressionFamily', () => {
  const options = {numExamples: 400, numFeatures: 6, conditionNumber: 1, separation: 4, l2: 0.5, batchSize: 200};

  it('starts at ln 2, and adds half l2 times the squared kernel', () => {
    const task = logisticRegressionFamily(options).sample(new Random(0)), batch = nextBatch(task.batches('train')), zero = task.init();
    const at = (kernel: number): number => tf.tidy(() => task.loss({...zero, kernel0: tf.fill([6, 1], kernel)}, batch).dataSync()[0]!);
    const plain = logisticRegressionFamily({...options, l2: 0}).sample(new Random(0));
    expect(at(0)).to.be.closeTo(Math.LN2, 1e-6);
    const penalty = at(0.7) - tf.tidy(() => plain.loss({...zero, kernel0: tf.fill([6, 1], 0.7)}, batch).dataSync()[0]!);
    expect(penalty).to.be.closeTo(0.25 * 6 * 0.49, 1e-5);
    tf.dispose(zero);
    disposeBatch(batch);
  });

  it('has labels that follow the features: gradient descent on train lowers the loss on validation', () => {
    const task = logisticRegressionFamily({...options, l2: 0}).sample(new Random(1)), batches = task.batches('train');
    let params = task.init();
    for (let step = 0; step < 60; step++) {
      const batch = nextBatch(batches), old = params;
      params = tf.tidy(() => {
        const [kernel, bias] = tf.grads((k: tf.Tensor, b: tf.Tensor) => task.loss({kernel0: k, bias0: b}, batch))([old.kernel0!, old.bias0!]);
        return {kernel0: tf.sub(old.kernel0!, kernel!), bias0: tf.sub(old.bias0!, bias!)};
      });
      tf.dispose(old);
      disposeBatch(batch);
    }
    const batch = nextBatch(task.batches('validation'));
    expect(tf.tidy(() => task.loss(params, batch).dataSync()[0]!)).to.be.below(0.45);
    tf.dispose(params);
    disposeBatch(batch);
  });

  it('keeps train and validation apart', () => {
    const {data: {train, validation}} = sampleLogisticRegression(new Random(2), options);
    const rows = new Set(Array.from({length: 400}, (_, i) => train.features.slice(i * 6, i * 6 + 6).join()));
    for (let i = 0; i < 400; i++) expect(rows.has(validation.features.slice(i * 6, i * 6 + 6).join())).to.be.false;
  });

  it('names the option that is wrong', () => {
    for (const [given, name] of [[{numExamples: 1}, 'numExamples'], [{numFeatures: 0}, 'numFeatures'], [{conditionNumber: 0}, 'conditionNumber'],
      [{separation: 0}, 'separation'], [{l2: -1}, 'l2'], [{batchSize: 0}, 'batchSize']] as [object, string][]) {
      expect(() => logisticRegressionFamily(given)).to.throw(`logisticRegressionFamily: ${name} must be`).with.property('code', 'INVALID_ARGUMENT');
    }
  });
});
