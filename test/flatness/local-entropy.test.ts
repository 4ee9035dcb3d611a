import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {estimateLocalEntropy} from '../../src/flatness/local-entropy.js';
import {Neighbourhood} from '../../src/flatness/neighbourhood.js';
import {symmetricEigensystem} from '../../src/flatness/symmetric-eigen.js';
import {Random} from '../../src/random.js';
import {counted, matrixWith, quadraticProbe} from './probes.js';

/** ½θᵀγH(H+γI)⁻¹θ + ½ log det(I + H/γ), by the eigenvectors. */
function closedForm(matrix: Float64Array, at: Float32Array, gamma: number): number {
  const {values, vectors} = symmetricEigensystem(matrix, at.length);
  return values.reduce((sum, value, k) => {
    const along = vectors[k]!.reduce((dot, x, i) => dot + x * at[i]!, 0);
    return sum + along ** 2 * gamma * value / (value + gamma) / 2 + Math.log(1 + value / gamma) / 2;
  }, 0);
}

function problem(eigenvalues: readonly number[], seed: number, distance = 0.3): {matrix: Float64Array; at: Float32Array; around: Neighbourhood} {
  const random = new Random(seed), matrix = matrixWith(eigenvalues, random), at = random.normals(eigenvalues.length, distance);
  return {matrix, at, around: new Neighbourhood(quadraticProbe(matrix, at))};
}

describe('estimateLocalEntropy', () => {
  for (const size of [1, 2, 4, 10]) {
    it(`comes within 1 % of the closed form in ${size} dimensions with 10⁵ samples`, () => {
      for (const seed of [1, 2]) {
        const random = new Random(10 * size + seed), indefinite = seed % 2 === 0;
        const eigenvalues = Array.from({length: size}, (_, i) => random.uniform(0.5, 3) * (indefinite && i % 3 === 1 ? -1 : 1));
        const gamma = 10 * Math.max(...eigenvalues.map(Math.abs)), {matrix, at, around} = problem(eigenvalues, seed);
        const estimate = estimateLocalEntropy(around, random, {gamma, samples: 1e5, steps: 1});
        const truth = closedForm(matrix, at, gamma);
        expect((estimate.value + around.lossHere()) / truth, `seed ${seed}`).to.be.closeTo(1, 0.01);
        expect(Math.abs(estimate.value + around.lossHere() - truth)).to.be.below(4 * estimate.standardError + 1e-6);
        expect(estimate.warnings).to.deep.equal([]);
        expect(estimate.effectiveSampleSize).to.be.within(25_000, 100_000);
      }
    });
  }

  it('comes within 3 % by Langevin steps too', () => {
    for (const eigenvalues of [[2, 1, 0.5], [2, -1, 0.5, 3]]) {
      const gamma = 10, {matrix, at, around} = problem(eigenvalues, 3);
      const estimate = estimateLocalEntropy(around, new Random(4), {gamma, samples: 4e4, steps: 10}, -1);
      expect((estimate.value + around.lossHere()) / closedForm(matrix, at, gamma)).to.be.closeTo(1, 0.03);
    }
  });

  it('warns where the samples are worth less than a quarter, in which case Langevin steps are nearer', () => {
    const eigenvalues = Array.from({length: 60}, (_, i) => 1 + i % 3), gamma = 2, {matrix, at, around} = problem(eigenvalues, 5, 0.02);
    const truth = closedForm(matrix, at, gamma) - around.lossHere();
    const plain = estimateLocalEntropy(around, new Random(6), {gamma, samples: 400, steps: 1}, 1);
    const langevin = estimateLocalEntropy(around, new Random(6), {gamma, samples: 400, steps: 20}, 1);
    expect(plain.warnings.map(({code}) => code)).to.deep.equal(['LOW_EFFECTIVE_SAMPLE_SIZE']);
    expect(plain.effectiveSampleSize).to.be.below(100);
    expect(Math.abs(langevin.value - truth)).to.be.below(Math.abs(plain.value - truth) / 2);
  });

  it('finds and names a gamma at or below −λmin, where the integral diverges', () => {
    const {around} = problem([3, 1, -2, 0.5], 7), codes = (gamma: number): string[] =>
      estimateLocalEntropy(around, new Random(8), {gamma, samples: 200, steps: 1}).warnings.filter(({code}) => code === 'GAMMA_TOO_SMALL').map(({message}) => message);
    expect(codes(2.1)).to.deep.equal([]);
    for (const gamma of [2, 1.9, 0.5]) expect(codes(gamma)[0]).to.match(/gamma .* is at or below −λmin = 2\.00/);
  });

  it('costs one loss a sample, and one more', () => {
    const {matrix, at} = problem([1, 2], 9), probe = counted(quadraticProbe(matrix, at));
    estimateLocalEntropy(new Neighbourhood(probe), new Random(1), {gamma: 30, samples: 12, steps: 1}, 1);
    expect(probe).to.include({losses: 13, gradients: 0});
  });

  it('is finite, with a standard error of at least 0, however unequal the weights are', () => {
    for (const samples of [40, 64, 100]) {
      for (let seed = 0; seed < 200; seed++) {
        const random = new Random(seed), probe = quadraticProbe(matrixWith([4, 2, 1, 0.5, 0.2], random), random.normals(5));
        const {value, standardError} = estimateLocalEntropy(new Neighbourhood(probe), random, {gamma: 0.05, samples, steps: 1});
        expect(value, `seed ${seed}, ${samples} samples`).to.satisfy(Number.isFinite);
        expect(standardError, `seed ${seed}, ${samples} samples`).to.be.at.least(0);
      }
    }
  });

  it('drops pairs that are not finite, says how many, and throws where none is left', () => {
    const {matrix, at} = problem([1, 2, 1], 10), inner = quadraticProbe(matrix, at);
    const walled = new Neighbourhood({...inner, loss: point => (point[0]! > at[0]! + 0.2 ? NaN : inner.loss(point))});
    const estimate = estimateLocalEntropy(walled, new Random(2), {gamma: 25, samples: 1000, steps: 1}, 1);
    expect(estimate.numDropped).to.be.within(200, 450);
    expect(estimate.warnings.map(({code}) => code)).to.deep.equal(['SAMPLES_DROPPED']);
    expect(Number.isFinite(estimate.value)).to.equal(true);
    const nothing = new Neighbourhood({...inner, loss: () => Infinity});
    expect(() => estimateLocalEntropy(nothing, new Random(2), {gamma: 25, samples: 8, steps: 1}, 1)).to.throw(L2OError, /none in 8 samples/);
  });
});
