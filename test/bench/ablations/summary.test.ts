import {expect} from 'chai';
import type {Scores} from '../../../bench/ablations/judge.js';
import {rowsOf, type Judged} from '../../../bench/ablations/summary.js';
import {VARIANTS} from '../../../bench/ablations/variants.js';

const [RECIPE, OTHER] = VARIANTS as [Judged['variant'], Judged['variant']];
const ADAM = [scoresOf(-1), scoresOf(-2)];

function scoresOf(value: number): Scores {
  return {curve: value, final: 2 * value, diverged: false};
}

function judged(variant: Judged['variant'], seed: number, values: readonly number[], validationLosses?: ReadonlyArray<number | null>): Judged {
  return {variant, seed, scores: values.map(scoresOf), suite: validationLosses && {speedup: seed, noWorse: 0.5, validationLosses}};
}

describe('the rows of the ablations', () => {
  it('compare with Adam and with the recipe of the same seeds, task by task', () => {
    const [recipe, other] = rowsOf(VARIANTS, [judged(RECIPE, 7, [-1, -3]), judged(RECIPE, 8, [-1, -5]), judged(OTHER, 7, [0, -2])], ADAM);
    expect(recipe).to.deep.include({name: RECIPE.name, seeds: [7, 8]});
    expect(recipe!.toAdam.curve).to.deep.equal({mean: -1, standardError: 1});
    expect(recipe).to.not.have.any.keys('toRecipe', 'speedup', 'noWorse', 'validationToRecipe');
    expect(other!.toRecipe).to.deep.equal({curve: {mean: 1, standardError: 0}, final: {mean: 2, standardError: 0}});
  });

  it('take ratios of validation losses to the recipe, seed by seed, up to a factor of ten and where one is not finite', () => {
    const e = Math.E, rows = rowsOf(VARIANTS, [
      judged(RECIPE, 7, [0, 0], [1, null]), judged(RECIPE, 8, [0, 0], [1, 1]), judged(OTHER, 7, [0, 0], [e, 1]), judged(OTHER, 8, [0, 0], [e ** 9, null]),
    ], ADAM);
    expect(rows[0]).to.deep.include({speedup: [7, 8], noWorse: [0.5, 0.5]});
    expect(rows[0]).to.not.have.property('validationToRecipe');
    const first = (1 + Math.log(10)) / 2, second = 0, mean = (first + second) / 2;
    expect(rows[1]!.validationToRecipe!.mean).to.be.closeTo(mean, 1e-3);
    expect(rows[1]!.validationToRecipe!.standardError).to.be.closeTo(Math.abs(first - second) / 2, 1e-3);
  });
});
