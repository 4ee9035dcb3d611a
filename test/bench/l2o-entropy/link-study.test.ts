import {expect} from 'chai';
import {linkTable, type LinkSolution} from '../../../bench/l2o-entropy/link-study.js';
import {MEASURED, type SolutionFlatness} from '../../../bench/l2o-entropy/solution-flatness.js';
import {Random} from '../../../src/random.js';

interface Table {
  readonly numSolutions: number;
  readonly numUsed: number;
  readonly tasks: Record<string, Record<'all' | 'fitted' | 'notFitted', {numSolutions: number; correlations: Record<string, {mean: number; low: number; high: number}> | null}>>;
}

/** A model whose measures all rise with `sharpness`, and whose test accuracy falls with it. */
function solution(seed: number, sharpness: number, trainAccuracy: number, change: Partial<LinkSolution> = {}): LinkSolution {
  return {
    task: 'one', optimizer: 'adam', learningRate: 0.01, batchSize: 8, seed, testAccuracy: 0.9 - sharpness / 10, testLoss: 1 + sharpness, accuracyAt: [], trainAccuracy,
    trainLoss: 0.5, curve: 0, diverged: false, flatness: Object.fromEntries(MEASURED.map((name, i) => [name, sharpness ** (i + 1)])) as SolutionFlatness, ...change,
  };
}

describe('linkTable', () => {
  const random = new Random(3), models = Array.from({length: 120}, (_, i) => solution(i % 6, random.uniform(), i < 80 ? 1 : 0.5));

  it('finds measures that rank alike, and the gap that follows them, with intervals over seeds', () => {
    const {correlations} = (linkTable(models) as Table).tasks.one!.all;
    expect(correlations!['localEntropy, hessianNorm']).to.deep.include({mean: 1, low: 1, high: 1});
    expect(correlations!['hessianTrace, testError']!.mean).to.be.closeTo(1, 1e-12);
    expect(correlations!['localEntropy, minusLogTrainLoss'], 'all are fitted alike').to.deep.include({mean: NaN});
    expect(correlations!['localEntropy, accuracyGap']!.mean, 'training accuracy has its own part in the gap').to.be.below(0.99);
  });

  it('looks at models apart that have learned their labels, and says nothing about too few', () => {
    const {fitted, notFitted} = (linkTable([...models, ...models.slice(0, 5).map(m => ({...m, task: 'other'}))]) as Table).tasks.one!;
    expect(fitted.numSolutions).to.equal(80);
    expect(fitted.correlations!['localEntropy, accuracyGap']!.mean).to.be.closeTo(1, 1e-12);
    expect(notFitted.numSolutions).to.equal(40);
    expect((linkTable(models.slice(0, 29)) as Table).tasks.one!.all.correlations).to.equal(null);
  });

  it('leaves out models that diverged, and counts them', () => {
    const table = linkTable([...models, solution(0, 5, 1, {diverged: true}), solution(0, NaN, 1)]) as Table;
    expect(table).to.include({numSolutions: 122, numUsed: 120});
  });
});
