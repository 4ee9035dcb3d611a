import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {Random} from '../../src/random.js';
import {descend, sampleLeastSquares, squaredLoss, testError, tuneStepSize} from '../../src/step-size/least-squares.js';

/** Two examples in two dimensions: x = (1, 0) with y = 2, and x = (1, 2) with y = 0. */
const moments = {gram: Float64Array.of(1, 1, 1, 2), cross: Float64Array.of(1, 0), power: 2};

describe('descend and squaredLoss', () => {
  it('agree with two steps and a loss done by hand', () => {
    expect(descend(moments, 0.5, {numSteps: 1})).to.deep.equal(Float64Array.of(0.5, 0));
    expect(descend(moments, 0.5, {numSteps: 2})).to.deep.equal(Float64Array.of(0.75, -0.25));
    // Residuals 0.75 − 2 and 0.75 − 0.5.
    expect(squaredLoss(moments, Float64Array.of(0.75, -0.25))).to.be.closeTo((1.25 ** 2 + 0.25 ** 2) / 4, 1e-15);
  });

  it('freeze at the largest norm', () => {
    const w = descend(moments, 50, {numSteps: 1000, maxNorm: 3});
    expect(Math.hypot(...w)).to.be.closeTo(3, 1e-14);
  });
});

describe('sampleLeastSquares', () => {
  it('has a truth of norm 1, halves that make up the whole, and the error that theory gives for least squares', () => {
    const family = {numFeatures: 20, numExamples: 160, noise: 2};
    const errors = Array.from({length: 100}, (_, seed) => {
      const task = sampleLeastSquares(new Random(seed), family);
      expect(Math.hypot(...task.truth)).to.be.closeTo(1, 1e-12);
      expect(task.all.gram[7]).to.be.closeTo((task.firstHalf.gram[7]! + task.secondHalf.gram[7]!) / 2, 1e-12);
      return testError(task, descend(task.all, 0.5, {numSteps: 500}), 2) ** 2;
    });
    // E‖w − w*‖² = σ²d/(n − d − 1); over 100 tasks within 4 standard errors.
    expect(errors.reduce((a, b) => a + b) / 100).to.be.closeTo(4 + (4 * 20) / 139, 0.09);
  });

  it('rejects families that do not exist', () => {
    const good = {numFeatures: 3, numExamples: 4, noise: 1};
    for (const bad of [{numFeatures: 0}, {numExamples: 5}, {numExamples: 0}, {noise: 0}, {noise: NaN}]) {
      expect(() => sampleLeastSquares(new Random(1), {...good, ...bad})).to.throw(L2OError).with.property('code', 'INVALID_ARGUMENT');
    }
  });
});

describe('tuneStepSize', () => {
  const family = {numFeatures: 40, numExamples: 20, noise: 1};
  const options = {numSteps: 40, maxNorm: 40, numTasks: 8, candidates: [1e-4, 1e-3, 1e-2, 0.1, 0.3, 10]};

  it('overfits by training losses and stops early by validation losses, where examples are fewer than features', () => {
    const {byTrain, byValidation} = tuneStepSize(new Random(1), family, options);
    expect(byTrain.stepSize).to.equal(0.3);
    expect(byValidation.stepSize).to.be.below(0.1);
    for (const {meanLosses} of [byTrain, byValidation]) expect(meanLosses.every(Number.isFinite)).to.equal(true);
  });

  it('is the same for the same seed, and rejects an empty choice', () => {
    expect(tuneStepSize(new Random(2), family, options)).to.deep.equal(tuneStepSize(new Random(2), family, options));
    for (const bad of [{candidates: []}, {numTasks: 0}]) {
      expect(() => tuneStepSize(new Random(1), family, {...options, ...bad})).to.throw(L2OError).with.property('code', 'INVALID_ARGUMENT');
    }
  });
});
