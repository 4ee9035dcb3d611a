import {expect} from 'chai';
import type {Ending} from '../../../bench/sensitivity/runs.js';
import {AVERAGE_OVER, MULTIPLES, settingKey, summarize, TOLD, type TaskEndings} from '../../../bench/sensitivity/summary.js';

/** Endings of one task: two seeds for each setting, whose logarithms of losses `loss` gives. */
function task(name: string, loss: (setting: string, seed: number) => number): TaskEndings {
  const settings = [
    ...TOLD.map(told => settingKey('told', told)), ...MULTIPLES.flatMap(m => [settingKey('learned', m), settingKey('adam', m)]), 'adam by validation', settingKey('average', AVERAGE_OVER),
  ];
  const ending = (setting: string, seed: number): Ending => ({train: loss(setting, seed), validation: -1, diverged: setting === settingKey('learned', 8) && seed === 0});
  return {name, steps: 100, adamRate: 0.01, endings: new Map(settings.map(setting => [setting, [ending(setting, 0), ending(setting, 1)]]))};
}

describe('the summary of the sensitivity', () => {
  const LN2 = Math.log(2);
  /** Ours as it comes ends at half of Adam's loss on one task, at a quarter on the next; told a quarter it ends twice as high as told the truth. */
  const half = task('half', (setting, seed) => (setting.startsWith('adam') ? seed : seed - (setting === settingKey('told', 0.25) ? 0 : LN2)));
  const quarter = task('quarter', setting => (setting.startsWith('adam') ? 0 : setting === settingKey('told', 0.25) ? -LN2 : -2 * LN2));
  const {numSteps, averaged, learningRate, adamRate, tasks, numSeeds} = summarize([half, quarter], 'hash');

  it('has geometric means over tasks of the ratios, seed by seed', () => {
    const [told, own] = [0.25, 1].map(value => numSteps.find(row => row.value === value));
    expect(own!.toAdam.mean).to.be.closeTo(2 ** -1.5, 1e-4);
    expect(own!.toOwn).to.deep.equal({mean: 1, low: 1, high: 1});
    expect(told!.toOwn).to.deep.equal({mean: 2, low: 2, high: 2});
    expect(averaged.toOwn.mean).to.equal(1);
    expect(adamRate[3]!.toAdam.mean).to.equal(1);
    expect(tasks.map(({train, validation}) => [train, validation])).to.deep.equal([[0.5, 1], [0.25, 1]]);
  });

  it('has intervals that come from the tasks', () => {
    const {low, high} = numSteps[2]!.toAdam;
    expect([low, high]).to.deep.equal([0.25, 0.5]);
  });

  it('counts tasks no higher than Adam, and diverged runs', () => {
    expect([numSteps[2]!.noHigher, adamRate[0]!.noHigher]).to.deep.equal([1, 1]);
    expect(learningRate.map(({divergedRuns}) => divergedRuns)).to.deep.equal([0, 0, 0, 0, 0, 0, 2]);
    expect(numSeeds).to.equal(2);
  });
});
