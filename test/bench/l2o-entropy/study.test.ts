import '@tensorflow/tfjs-backend-cpu';
import {setBackend} from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {judgeCell, startTheta, trainCell} from '../../../bench/l2o-entropy/cells.js';
import {train, type Solution} from '../../../bench/l2o-entropy/judge.js';
import {cellOptions, FULL, MEASURES, type Cell, type Plan} from '../../../bench/l2o-entropy/protocol.js';
import {Records} from '../../../bench/l2o-entropy/records.js';
import {chooseStrength, compare, thetaMean, type Judged} from '../../../bench/l2o-entropy/summary.js';
import {halved, judgedTasks} from '../../../bench/l2o-entropy/tasks.js';

const SMALL: Plan = {...FULL, startSteps: {...FULL.startSteps, 'tensor-lstm': 4}, outerSteps: {...FULL.outerSteps, 'tensor-lstm': 4}, numSeeds: 2, numFlat: 1, stops: [5, 20]};
const PLAIN: Cell = {rule: 'tensor-lstm', metaSeed: 1, measure: 'plain', strength: 0};

describe('the study of l2o-entropy', () => {
  let folder: string, records: Records;
  before(async () => {
    await setBackend('cpu');
    folder = mkdtempSync(join(tmpdir(), 'l2o-study-'));
    records = new Records(folder);
  });
  after(() => rmSync(folder, {recursive: true}));

  it('starts all cells of a rule and seed from one theta, and from none of another seed', async () => {
    const start = await startTheta(records, 'tensor-lstm', 1, SMALL), again = await startTheta(new Records(folder), 'tensor-lstm', 1, SMALL);
    expect(again.hash).to.equal(start.hash);
    expect((await startTheta(records, 'tensor-lstm', 2, SMALL)).hash).not.to.equal(start.hash);
    const files = readdirSync(folder).filter(name => name.includes('start'));
    expect(files, 'a record and a theta for each seed').to.have.length(4);
  });

  it('gives twins that differ in the penalty alone: without strength they are the same', async () => {
    const plain = await trainCell(records, PLAIN, SMALL);
    for (const measure of ['hessian', 'localEntropy'] as const) {
      const weightless = await trainCell(records, {...PLAIN, measure, strength: 0}, SMALL), strong = await trainCell(records, {...PLAIN, measure, strength: 5}, SMALL);
      expect(weightless.theta.values, measure).to.eql(plain.theta.values);
      expect(strong.theta.values, measure).not.to.eql(plain.theta.values);
      expect(strong.record.flatness, measure).to.be.above(0);
    }
  });

  it('keeps the last theta in all cells, so that no choice by losses undoes the penalty', () => {
    for (const measure of MEASURES) expect(cellOptions({...PLAIN, measure, strength: 1}, FULL).keep).to.equal('last');
  });

  it('judges a theta once, on the same models whoever trained it', async () => {
    const first = await judgeCell(records, PLAIN, 'validation', SMALL), again = await judgeCell(new Records(folder), PLAIN, 'validation', SMALL);
    expect(again).to.eql(first);
    const tasks = Object.values(first.solutions);
    expect(tasks).to.have.length(judgedTasks('validation').length);
    for (const models of tasks) {
      expect(models.map(({flatness}) => flatness !== undefined)).to.eql([true, false]);
      expect(models[0]!.testAccuracy).to.equal(models[0]!.accuracyAt.at(-1));
    }
  });

  it('trains each inner seed on the same images, labels and batches under every rule', () => {
    const [task] = judgedTasks('validation'), run = {seed: 3, stops: [1], withFlatness: false};
    const adam = train(task!, {options: {rule: 'adam', learningRate: 1e-9}}, run), sgd = train(task!, {options: {rule: 'sgd', learningRate: 1e-9}}, run);
    expect(adam.curve).to.equal(sgd.curve);
    expect(train(task!, {options: {rule: 'sgd', learningRate: 1e-9}}, {...run, seed: 4}).curve).not.to.equal(sgd.curve);
  });

  it('gives a run that diverged the accuracy of a guess', () => {
    const [task] = judgedTasks('validation'), found = train(task!, {options: {rule: 'sgd', learningRate: 1e30}}, {seed: 3, stops: [5, 10], withFlatness: true});
    expect(found).to.include({diverged: true, testAccuracy: 0.1, trainLoss: 10});
    expect(found.flatness).to.equal(undefined);
    expect(found.accuracyAt).to.eql([0.1, 0.1]);
  });
});

describe('compare', () => {
  const solution = (testAccuracy: number): Solution => ({testAccuracy, testLoss: 1, accuracyAt: [0.9, testAccuracy], trainAccuracy: 1, trainLoss: 0.1, curve: 0, diverged: false});
  const judged = (metaSeed: number, a: number, b: number): Judged => ({
    metaSeed, judging: {seconds: 1, solutions: {a: [solution(a)], b: [solution(b)]}}, training: {seconds: 1, metaLoss: 0, diverged: 0, hash: ''},
  });
  const plain = [judged(1, 0.5, 0.6), judged(2, 0.7, 0.8)], treated = [judged(1, 0.6, 0.6), judged(2, 0.8, 0.8)];

  it('takes differences between thetas of one meta-training seed, all tasks weighing the same', () => {
    const found = compare(treated, plain) as {accuracyDifference: {mean: number; numMetaSeeds: number; numSeeds: number}; accuracyDifferenceByTask: Record<string, {mean: number}>};
    expect(found.accuracyDifference.mean).to.be.closeTo(0.05, 1e-12);
    expect(found.accuracyDifference).to.include({numMetaSeeds: 2, numSeeds: 1});
    expect(found.accuracyDifferenceByTask.a!.mean).to.be.closeTo(0.1, 1e-12);
    expect(found.accuracyDifferenceByTask.b!.mean).to.be.closeTo(0, 1e-12);
  });

  it('also compares with twins that are stopped at their best step', () => {
    const found = compare(treated, plain) as {accuracyDifferenceToBestStop: {mean: number}};
    expect(found.accuracyDifferenceToBestStop.mean).to.be.closeTo(0.7 - 0.9, 1e-12);
  });

  it('refuses thetas of different seeds', () => {
    expect(() => compare(treated, [plain[1]!, plain[0]!])).to.throw(/expected twins of the same meta-training seeds, got 1, 2 and 2, 1/);
    expect(thetaMean(plain[0]!, s => s.testAccuracy)).to.be.closeTo(0.55, 1e-12);
  });

  it('chooses the strength of the highest accuracy, and the weaker one where two are level', () => {
    expect(chooseStrength([{strength: 3, accuracy: 0.7}, {strength: 1, accuracy: 0.7}, {strength: 10, accuracy: 0.6}])).to.equal(1);
  });
});

describe('halved', () => {
  it('takes means of 2×2 pixels, image by image', () => {
    const features = Float32Array.from({length: 32}, (_, i) => i), image = halved({features, labels: new Int32Array(2), numExamples: 2, numFeatures: 16, numClasses: 10});
    expect([...image.features]).to.eql([2.5, 4.5, 10.5, 12.5, 18.5, 20.5, 26.5, 28.5]);
    expect(image.numFeatures).to.equal(4);
  });
});
