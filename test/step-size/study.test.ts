import {expect} from 'chai';
import {readFileSync} from 'node:fs';
import {SMALL, studySetting, type StudyRow} from '../../bench/step-size/least-squares-study.js';
import {
  gridOptimum, stablePath, studyProblem, studySeed, WELL_CONDITIONED_BELOW, WELL_CONDITIONED_SEEDS, type SeedResult,
} from '../../bench/step-size/quadratic-study.js';
import {symmetricEigenvalues} from '../../src/flatness/symmetric-eigen.js';
import {knownQuadratic} from './eigenbasis.js';

interface Recorded {
  readonly experiment1: {readonly seeds: readonly SeedResult[]};
  readonly experiment2: readonly StudyRow[];
}
const recorded = JSON.parse(readFileSync(new URL('../../docs/results/step-size.json', import.meta.url), 'utf8')) as Recorded;

describe('symmetricEigenvalues', () => {
  it('finds the eigenvalues that a matrix was made of', () => {
    const known = [-3, 1e-4, 0.5, 0.5, 2, 70];
    const found = symmetricEigenvalues(knownQuadratic(known).matrix, known.length);
    known.forEach((value, i) => expect(found[i]).to.be.closeTo(value, 1e-12));
  });
});

describe('the step-size study, experiment 1', () => {
  it('lists as well-conditioned just the seeds from 0 to 19 below the limit', () => {
    const below = Array.from({length: 20}, (_, seed) => seed).filter(seed => studyProblem(seed).conditionNumber < WELL_CONDITIONED_BELOW);
    expect(WELL_CONDITIONED_SEEDS).to.deep.equal(below);
  });

  it('comes within 2 % of the grid optimum after 1,000 meta-steps on every well-conditioned seed', () => {
    for (const seed of WELL_CONDITIONED_SEEDS) {
      const problem = studyProblem(seed);
      expect(stablePath(problem, 1000)[1000]! / gridOptimum(problem), `seed ${seed}`).to.be.closeTo(1, 0.02);
    }
  });

  it('gives the recorded figures again', () => {
    const {result} = studySeed(7), before = recorded.experiment1.seeds.find(({seed}) => seed === 7)!;
    expect(result.backprop.nonFiniteAt).to.equal(1);
    expect(result.settledAt).to.equal(before.settledAt);
    expect(result.gridOptimum / before.gridOptimum).to.be.closeTo(1, 1e-5);
    expect(result.curvature / before.curvature).to.be.closeTo(1, 1e-4);
  });
});

describe('the step-size study, experiment 2', () => {
  const errorsOf = (row: StudyRow): number[] => [row.byTrain.deviations, row.byValidation.deviations].filter(x => x !== undefined);

  for (const setting of SMALL.filter(({numExamples, noise}) => numExamples === 100 || numExamples === 400 && noise === 1)) {
    it(`agrees with the reference within its noise for n = ${setting.numExamples}, σ = ${setting.noise}`, () => {
      const row = studySetting(setting, 1, 4, 10);
      expect(row.gap.low, 'train-by-validation is better').to.be.above(0);
      for (const deviations of errorsOf(row)) expect(Math.abs(deviations)).to.be.below(3.5);
    });
  }

  it('recorded every figure within 3 standard errors of the reference, and a gap that closes with more examples', () => {
    const all = recorded.experiment2.flatMap(errorsOf);
    expect(all).to.have.length(10);
    for (const deviations of all) expect(Math.abs(deviations)).to.be.below(3);
    const gaps = recorded.experiment2.filter(({noise, numExamples}) => noise === 1 && numExamples >= 200).map(row => row.gap.mean);
    expect(gaps).to.deep.equal([...gaps].sort((a, b) => b - a));
  });
});
