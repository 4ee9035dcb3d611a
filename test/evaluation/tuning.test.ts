import {expect} from 'chai';
import {baseline, BASELINES} from '../../src/evaluation/optimizers.js';
import {atEnds, smoothedAt, wholeCurve, type RunRecord, type RunSpec} from '../../src/evaluation/run-spec.js';
import {byScore, successiveHalving} from '../../src/evaluation/successive-halving.js';
import {tune, type Tuning} from '../../src/evaluation/tuning.js';

const T = 100;

/** Gradient descent on ½ c x² from x = 1, in closed form: rate 1/c is the best at every horizon, rates above 2/c diverge. */
function quadraticRun(curvature: number, seen: RunSpec[]): (spec: RunSpec) => Promise<RunRecord> {
  return spec => {
    seen.push(spec);
    const rate = 'learningRate' in spec.optimizer ? spec.optimizer.learningRate : 0;
    const loss = (step: number): number => {
      const value = 0.5 * curvature * Math.abs(1 - rate * curvature) ** (2 * step);
      return value < 1e30 ? value : Infinity;
    };
    return Promise.resolve({made: spec.steps, train: spec.measureAt.map(loss), validation: spec.validateAt.map(step => ({loss: loss(step)})), seconds: 0.5});
  };
}

async function tuneOn(kind: (typeof BASELINES)[number], run: (spec: RunSpec) => Promise<RunRecord>): Promise<Tuning> {
  return tune({task: 0, steps: T, baseline: baseline(kind), numSeeds: 2, run});
}

describe('Grids of learning rates', () => {
  it('have 15 half-decades from 1e-7 to 1 for Adam, AdamW and both with cosine, and 9 from 1e-4 to 1 for SGD', () => {
    for (const kind of BASELINES) {
      const {rates} = baseline(kind), count = kind === 'sgdMomentum' ? 9 : 15;
      expect(rates).to.have.length(count);
      expect(rates.at(-1)).to.equal(1);
      expect(rates[0]).to.be.closeTo(10 ** ((1 - count) / 2), 1e-9);
      rates.slice(1).forEach((rate, i) => expect(rate / rates[i]!).to.be.closeTo(Math.sqrt(10), 0.01));
    }
  });
});

describe('successiveHalving', () => {
  it('runs all candidates on the first rung, and the best of each on the next', async () => {
    const results = await successiveHalving([1, 2, 3, 4, 5, 6], [{steps: 1, survivors: Infinity}, {steps: 2, survivors: 3}, {steps: 4, survivors: 1}], c => Promise.resolve(Math.abs(c - 4)), x => x);
    expect(results.map(({scores}) => scores.map(s => s.candidate))).to.deep.equal([[1, 2, 3, 4, 5, 6], [3, 4, 5], [4]]);
  });

  it('puts diverged candidates last, and the first of equals first', () => {
    expect(byScore([{candidate: 1, score: Infinity}, {candidate: 2, score: 3}, {candidate: 3, score: Infinity}, {candidate: 4, score: 3}])).to.deep.equal([2, 4, 1, 3]);
  });
});

describe('tune', () => {
  it('finds the best constant rate on a quadratic at every horizon', async () => {
    const {byHorizon, byValidation} = await tuneOn('adam', quadraticRun(100, []));
    expect(byHorizon).to.deep.equal([0.01, 0.01, 0.01, 0.01, 0.01]);
    expect(byValidation).to.equal(0.01);
  });

  it('counts the steps and seconds of a search over constant rates: 15 at T/4, 5 at T, 3 at 4T, 2 seeds each', async () => {
    const seen: RunSpec[] = [], {innerSteps, seconds} = await tuneOn('adam', quadraticRun(100, seen));
    expect(innerSteps).to.equal(2 * (15 * 25 + 5 * 100 + 3 * 400));
    expect(seconds).to.equal(0.5 * seen.length);
    expect(seen).to.have.length(2 * (15 + 5 + 3));
    expect(new Set(seen.map(s => s.seed))).to.deep.equal(new Set(['tuning 0', 'tuning 1']));
  });

  it('searches each horizon by itself where there is a schedule: 15 over a quarter, 4 whole', async () => {
    const seen: RunSpec[] = [], {byHorizon, innerSteps} = await tuneOn('adamCosine', quadraticRun(100, seen));
    expect(byHorizon).to.deep.equal([0.01, 0.01, 0.01, 0.01, 0.01]);
    const horizons = [25, 50, 100, 200, 400];
    expect([...new Set(seen.map(s => s.horizon))].sort((a, b) => a - b)).to.deep.equal(horizons);
    expect(innerSteps).to.equal(horizons.reduce((sum, h) => sum + 2 * (15 * Math.round(h / 4) + 4 * h), 0));
    for (const {steps, horizon} of seen) expect([Math.round(horizon / 4), horizon]).to.include(steps);
  });

  it('tells rates for short and for long horizons apart', async () => {
    // A high rate is fast at first and stays at its noise floor, as SGD's does.
    const run = (spec: RunSpec): Promise<RunRecord> => {
      const rate = 'learningRate' in spec.optimizer ? spec.optimizer.learningRate : 0, loss = (step: number): number => Math.exp(-2 * rate * step) + rate;
      return Promise.resolve({made: spec.steps, train: spec.measureAt.map(loss), validation: spec.validateAt.map(() => ({loss: 1 / rate})), seconds: 0});
    };
    const {byHorizon, byValidation} = await tuneOn('sgdMomentum', run);
    expect(byHorizon[0]).to.be.above(byHorizon[4]!);
    expect(byHorizon).to.deep.equal([...byHorizon].sort((a, b) => b - a));
    // Of the five rates that were run to T.
    expect(byValidation).to.be.above(byHorizon[2]!);
  });

  it('gives a rate even where all diverge', async () => {
    const {byHorizon} = await tuneOn('sgdMomentum', spec => Promise.resolve({made: 3, train: spec.measureAt.map(() => Infinity), validation: spec.validateAt.map(() => ({loss: Infinity})), seconds: 0}));
    expect(byHorizon).to.deep.equal(Array.from({length: 5}, () => 0.0001));
  });
});

describe('Measurements', () => {
  it('are a fiftieth of the horizon apart, from start to end', () => {
    expect(wholeCurve(100, 100)).to.deep.equal(Array.from({length: 51}, (_, i) => 2 * i));
    expect(wholeCurve(400, 100)).to.have.length(201).and.include.members([100, 200, 400]);
    expect(wholeCurve(20, 20)).to.deep.equal(Array.from({length: 21}, (_, i) => i));
  });

  it('are three at each end, whose mean is the smoothed loss', () => {
    expect(atEnds([25, 100], 100)).to.deep.equal([21, 23, 25, 96, 98, 100]);
    expect(smoothedAt([21, 23, 25, 96, 98, 100], [9, 9, 9, 1, 2, 3], 100, 100)).to.equal(2);
    expect(smoothedAt([21, 23, 25, 96, 98, 100], [9, 9, 9, 1, 2, Infinity], 100, 100)).to.equal(Infinity);
  });
});
