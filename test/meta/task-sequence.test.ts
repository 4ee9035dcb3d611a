import {expect} from 'chai';
import {drawRun} from '../../src/meta/ops-pair.js';
import {TaskSequence, type SequencedTask} from '../../src/meta/task-sequence.js';
import {Random} from '../../src/random.js';
import {slopes} from './families/slopes.js';

const STEPS = 100;

/** Steps of the first two tasks of a sequence. */
function firstTwo(seed: number, stagger: boolean): [number, number] {
  const start = (): SequencedTask => ({steps: STEPS, dispose: () => undefined});
  const tasks = new TaskSequence(new Random(seed), start, [STEPS, STEPS], stagger), lengthOf = (): number => {
    const steps = tasks.windowSteps(Infinity);
    tasks.advance(steps, false, [STEPS, STEPS]);
    return steps;
  };
  return [lengthOf(), lengthOf()];
}

describe('TaskSequence', () => {
  it('staggered, ends the first task at a step that is uniform over the run, and no later task', () => {
    const lengths = Array.from({length: 400}, (_, seed) => firstTwo(seed, true)), first = lengths.map(([steps]) => steps);
    expect(Math.min(...first)).to.be.within(1, 5);
    expect(Math.max(...first)).to.be.within(96, STEPS);
    for (const share of [0.25, 0.5, 0.75]) expect(first.filter(steps => steps <= share * STEPS).length / first.length).to.be.closeTo(share, 0.08);
    expect(lengths.every(([, second]) => second === STEPS)).to.equal(true);
  });

  it('not staggered, runs each task to its end', () => {
    for (let seed = 0; seed < 10; seed++) expect(firstTwo(seed, false)).to.deep.equal([STEPS, STEPS]);
  });
});

describe('drawRun', () => {
  const runs = Array.from({length: 2000}, (_, seed) =>
    drawRun({family: slopes, module: undefined}, new Random(seed), {rule: 'tensor-lstm', horizons: {horizons: [10, 1000], hideHorizon: 0.3, hideLoss: 0.1}}, [10, 1000]));

  it('draws numbers of steps log-uniformly', () => {
    const steps = runs.map(run => run.steps);
    expect(Math.min(...steps)).to.be.within(10, 11);
    expect(Math.max(...steps)).to.be.within(980, 1000);
    for (const share of [0.25, 0.5, 0.75]) expect(steps.filter(s => s <= 10 * 100 ** share).length / steps.length).to.be.closeTo(share, 0.04);
  });

  it('tells the horizon and shows the loss as often as asked for', () => {
    expect(runs.filter(({options}) => options.horizon === 0).length / runs.length).to.be.closeTo(0.3, 0.04);
    expect(runs.filter(({options}) => !options.hasLoss).length / runs.length).to.be.closeTo(0.1, 0.03);
    expect(runs.every(({steps, options: {horizon}}) => horizon === 0 || horizon === steps)).to.equal(true);
  });
});
