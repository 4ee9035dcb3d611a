import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {demoPlan, DEMO_DATASETS} from '../../../src/cli/demo/datasets.js';
import {exampleStream, nextFitLength, trainOnce, type TrainingRun} from '../../../src/cli/demo/training-run.js';
import {Random} from '../../../src/random.js';
import {loadDigits} from '../../../src/tasks/digits.js';

const plan = {hiddenSizes: [8], batchSize: 20, numSteps: 30, stepsPerPoint: 7};
const train = (seed: number, makeOptimizer: () => tf.Optimizer, onSteps: (count: number) => void = () => undefined): Promise<TrainingRun> =>
  trainOnce(loadDigits(), plan, makeOptimizer, new Random(seed), onSteps);

describe('trainOnce', () => {
  it('trains: loss falls and accuracy rises above chance', async () => {
    const run = await train(1, () => tf.train.adam(0.03));
    expect(run.trainLoss).to.be.below((run.curve[0]?.loss ?? NaN) / 1.5);
    expect(run.testAccuracy).to.be.above(0.3);
    expect(run.seconds).to.be.above(0);
  });

  it('evaluates at the start, at every multiple and at the end', async () => {
    const counts: number[] = [];
    const {curve, trainLoss} = await train(1, () => tf.train.sgd(0.1), (count) => counts.push(count));
    expect(curve.map(({step}) => step)).to.deep.equal([0, 7, 14, 21, 28, 30]);
    expect(trainLoss).to.equal(curve.at(-1)?.loss);
    expect(counts).to.deep.equal([7, 7, 7, 7, 2]);
  });

  it('repeats itself to the bit from the same seed, and not from another', async () => {
    const losses = async (seed: number): Promise<number[]> =>
      (await train(seed, () => tf.train.adam(0.01))).curve.map(({loss}) => loss);
    const first = await losses(1);
    expect(await losses(1)).to.deep.equal(first);
    expect(await losses(2)).to.not.deep.equal(first);
  });

  it('starts every optimizer from the same weights', async () => {
    const [adam, sgd] = [await train(5, () => tf.train.adam()), await train(5, () => tf.train.sgd(0.1))];
    expect(adam.curve[0]).to.deep.equal(sgd.curve[0]);
    expect(adam.trainLoss).to.not.equal(sgd.trainLoss);
  });

  it('reports a run that diverges instead of failing', async () => {
    const run = await train(1, () => tf.train.sgd(1e30));
    expect(Number.isFinite(run.trainLoss) && run.trainLoss < 2).to.equal(false);
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    await train(1, () => tf.train.adam(0.01));
    expect(tf.memory().numTensors).to.equal(before);
  });
});

describe('exampleStream', () => {
  it('draws every example once before any comes again, however it is cut', () => {
    const draw = exampleStream(new Random(3), 10);
    const drawn = [3, 4, 8, 5].flatMap((count) => [...draw(count)]);
    const sorted = (list: number[]): number[] => [...list].sort((a, b) => a - b);
    expect(sorted(drawn.slice(0, 10))).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(sorted(drawn.slice(10))).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(drawn.slice(0, 10)).to.not.deep.equal(drawn.slice(10));
  });
});

describe('nextFitLength', () => {
  it('stops at points and at the end, and never goes far without a look at signals', () => {
    expect(nextFitLength(0, {numSteps: 300, stepsPerPoint: 5})).to.equal(5);
    expect(nextFitLength(8, {numSteps: 300, stepsPerPoint: 5})).to.equal(2);
    expect(nextFitLength(298, {numSteps: 300, stepsPerPoint: 300})).to.equal(2);
    expect(nextFitLength(0, {numSteps: 300, stepsPerPoint: 300})).to.equal(25);
  });
});

describe('demoPlan', () => {
  it('evaluates a run a fixed number of times, at most once a step', () => {
    expect(demoPlan(DEMO_DATASETS.digits, 300).stepsPerPoint).to.equal(5);
    expect(demoPlan(DEMO_DATASETS.digits, 3).stepsPerPoint).to.equal(1);
    expect(demoPlan(DEMO_DATASETS['fashion-mnist'], 300).stepsPerPoint).to.equal(15);
  });
});
