import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {estimateHessianNorm} from '../../src/flatness/hessian-norm.js';
import {estimateFrobeniusNorm} from '../../src/flatness/hessian-square.js';
import {estimateHessianTrace} from '../../src/flatness/hessian-trace.js';
import type {LossProbe} from '../../src/flatness/loss-probe.js';
import {Neighbourhood} from '../../src/flatness/neighbourhood.js';
import {symmetricEigensystem, symmetricEigenvalues} from '../../src/flatness/symmetric-eigen.js';
import {Random} from '../../src/random.js';
import {matrixWith, networkProbe, quadraticProbe} from './probes.js';

/** Trace within 3 standard errors, both norms within 5 %. */
function expectOracle(probe: LossProbe, eigenvalues: ArrayLike<number>, seed: number): void {
  const all = Array.from(eigenvalues), around = new Neighbourhood(probe);
  const trace = estimateHessianTrace(around, new Random(seed), 200), spectral = estimateHessianNorm(around, new Random(seed), 60);
  const frobenius = estimateFrobeniusNorm(around, new Random(seed), 400);
  const truth = all.reduce((a, b) => a + b, 0);
  expect(Math.abs(trace.value - truth), `trace ${trace.value} of ${truth}, standard error ${trace.standardError}`).to.be.at.most(3 * trace.standardError + 1e-4 * Math.abs(truth));
  expect(trace.standardError).to.be.below(all.reduce((sum, e) => sum + Math.abs(e), 0) / 5);
  expect(spectral.value / Math.max(...all.map(Math.abs)), 'spectral norm').to.be.closeTo(1, 0.05);
  expect(frobenius.value / Math.sqrt(all.reduce((sum, e) => sum + e * e, 0)), 'Frobenius norm').to.be.closeTo(1, 0.05);
}

describe('symmetricEigensystem', () => {
  it('gives vectors that the matrix stretches by their values, also where the diagonal is 0', () => {
    for (const matrix of [matrixWith([-3, 0, 0, 1e-3, 7], new Random(1)), Float64Array.from([0, 1, 0, 1, 0, 2, 0, 2, 0])]) {
      const size = Math.sqrt(matrix.length), {values, vectors} = symmetricEigensystem(matrix, size);
      vectors.forEach((vector, k) => vector.forEach((x, i) => {
        expect(vector.reduce((sum, y, j) => sum + matrix[i * size + j]! * y, 0)).to.be.closeTo(values[k]! * x, 1e-12);
      }));
    }
  });
});

describe('Hessian measures', () => {
  for (const [name, spectrum] of Object.entries({
    'positive': (r: Random) => r.uniform(0.1, 3),
    'indefinite': (r: Random) => r.normal(),
    'mostly negative': (r: Random) => r.uniform(-5, 1),
    'widely spread': (r: Random) => (r.chance(0.3) ? -1 : 1) * r.logUniform(1e-4, 100),
  })) {
    it(`find trace and norms of random quadratics whose spectrum is ${name}`, () => {
      for (let seed = 0; seed < 8; seed++) {
        const random = new Random(seed), eigenvalues = Array.from({length: 5 + 10 * seed}, () => spectrum(random));
        expectOracle(quadraticProbe(matrixWith(eigenvalues, random), random.normals(eigenvalues.length)), eigenvalues, seed);
      }
    });
  }

  it('find trace and norms of a tanh network of 300 parameters', () => {
    const network = networkProbe(3);
    expect(network.parameters()).to.have.length(300);
    const eigenvalues = symmetricEigenvalues(network.hessian(), 300);
    expect(eigenvalues[0], 'an indefinite Hessian').to.be.below(-0.01);
    expectOracle(network, eigenvalues, 1);
  });

  it('find the ends of the spectrum, and a larger negative eigenvalue as the norm', () => {
    const eigenvalues = [-9, ...Array.from({length: 30}, (_, i) => i / 6)], random = new Random(4);
    const estimate = estimateHessianNorm(new Neighbourhood(quadraticProbe(matrixWith(eigenvalues, random), random.normals(31))), random, 40);
    expect(estimate.value).to.be.closeTo(9, 0.01);
    expect(estimate.smallestEigenvalue).to.be.closeTo(-9, 0.01);
    expect(estimate.largestEigenvalue).to.be.closeTo(29 / 6, 0.02);
    expect(estimate.standardError).to.be.below(0.05);
    expect(estimate.warnings).to.deep.equal([]);
  });

  it('warn where Lanczos has not converged', () => {
    const random = new Random(5), eigenvalues = Array.from({length: 100}, (_, i) => i / 100);
    const estimate = estimateHessianNorm(new Neighbourhood(quadraticProbe(matrixWith(eigenvalues, random), random.normals(100))), random, 6);
    expect(estimate.warnings.map(({code}) => code)).to.deep.equal(['NOT_CONVERGED']);
  });

  it('are zero on a linear loss', () => {
    const random = new Random(6), around = new Neighbourhood({
      shapes: [[5]], parameters: () => random.normals(5), loss: at => at[0]! * 3, gradient: at => ({loss: at[0]! * 3, gradient: Float32Array.of(3, 0, 0, 0, 0)}),
    });
    expect(estimateHessianTrace(around, random, 4).value).to.equal(0);
    expect(estimateHessianNorm(around, random, 8).value).to.equal(0);
    expect(estimateFrobeniusNorm(around, random, 4)).to.include({value: 0, standardError: 0});
  });

  it('say of a gradient that is not finite that the norm cannot do without it', () => {
    const probe = quadraticProbe(matrixWith([1, 2, 3], new Random(8)), [1, 1, 1]), broken: LossProbe = {...probe, gradient: () => ({loss: 1, gradient: Float32Array.of(1, NaN, 1)})};
    expect(() => estimateHessianNorm(new Neighbourhood(broken), new Random(8), 6)).to.throw(L2OError, 'cannot leave one out').with.property('code', 'NON_FINITE');
  });

  it('take exact products where the probe has them', () => {
    const random = new Random(7), eigenvalues = [-2, 0.5, 6], matrix = matrixWith(eigenvalues, random);
    const probe: LossProbe = {
      ...quadraticProbe(matrix, random.normals(3)),
      gradient: () => expect.fail('no differences'),
      hessianVector: (_, v) => Float32Array.from(v, (_x, i) => v.reduce((sum, y, j) => sum + matrix[i * 3 + j]! * y, 0)),
    };
    expect(estimateHessianNorm(new Neighbourhood(probe), random, 6).value).to.be.closeTo(6, 1e-4);
  });
});
