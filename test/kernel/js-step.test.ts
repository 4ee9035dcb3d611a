import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {stepArrays, sumSquares} from '../../src/kernel/js-step.js';
import {type ArrayStep, type StepOptions} from '../../src/kernel/types.js';
import {
  CONSTANTS, LOSS_SLOTS, NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS, TENSOR_SLOTS, THETA_SIZE,
} from '../../src/rules/tensor-lstm/spec.js';
import {randomTheta, runJs, runWasm} from './golden.js';
import {expectAdam, expectScaledAdam} from './golden-adam.js';

const OPTIONS: StepOptions = {time: 0, horizon: 100, learningRate: 1, clipNorm: undefined, parameterScale: true};

function newStep(shape: readonly number[], value: number, gradient: number): ArrayStep {
  const size = shape.reduce((a, b) => a * b, 1);
  return {
    parameter: new Float32Array(size).fill(value), gradient: new Float32Array(size).fill(gradient), output: new Float32Array(size),
    slots: new Float32Array(NUM_PARAMETER_SLOTS * size), tensorSlots: new Float32Array(NUM_TENSOR_SLOTS), shape, weightDecay: 0,
  };
}

describe('stepArrays', () => {
  for (const [name, run] of [['plain JavaScript', runJs], ['the wasm kernel', runWasm]] as const) {
    it(`equals tf.train.adam(1e-3) with a theta of zeros and no parameter scaling, in ${name}`, () => expectAdam(run));
    it(`is Adam's direction times max(rms(p), floor) with parameter scaling, in ${name}`, () => expectScaledAdam(run));
  }

  it('writes to output and leaves parameter and gradient alone', () => {
    const step = newStep([5], 1, 0.5);
    stepArrays(randomTheta(1), new Float32Array(NUM_LOSS_SLOTS), 2, [step], OPTIONS);
    expect([...step.parameter]).to.deep.equal([1, 1, 1, 1, 1]);
    expect([...step.gradient]).to.deep.equal([0.5, 0.5, 0.5, 0.5, 0.5]);
    expect(step.output[0]).to.not.equal(1).and.not.equal(0);
  });

  it('steps a variable as if variables without elements were not there', () => {
    const alone = newStep([3, 4], 1, 0.5), accompanied = newStep([3, 4], 1, 0.5), empty = newStep([0, 4], 0, 0), theta = randomTheta(1);
    stepArrays(theta, new Float32Array(NUM_LOSS_SLOTS), 2, [alone], OPTIONS);
    stepArrays(theta, new Float32Array(NUM_LOSS_SLOTS), 2, [empty, accompanied], OPTIONS);
    expect(accompanied).to.deep.equal(alone);
    expect([...empty.tensorSlots].every(x => x === 0)).to.be.true;
  });

  it('changes nothing where no variable has elements', () => {
    const lossSlots = new Float32Array(NUM_LOSS_SLOTS), empty = newStep([0], 0, 0);
    stepArrays(randomTheta(1), lossSlots, 2, [empty], OPTIONS);
    expect(lossSlots[LOSS_SLOTS.seen]).to.equal(0);
  });

  it('moves by 1e-3 of FLOOR_ABSOLUTE where all variables began at 0, and goes on doing so', () => {
    const step = newStep([4], 0, 1), theta = new Float32Array(THETA_SIZE);
    for (let time = 0; time < 3; time++) {
      stepArrays(theta, new Float32Array(NUM_LOSS_SLOTS), undefined, [{...step, output: step.parameter}], {...OPTIONS, time});
      expect(step.parameter[0]).to.be.closeTo(-(time + 1) * 1e-3 * CONSTANTS.FLOOR_ABSOLUTE, 1e-10);
    }
  });

  it('leaves the loss slots alone where there is no loss', () => {
    const lossSlots = new Float32Array(NUM_LOSS_SLOTS).fill(0.5);
    stepArrays(randomTheta(1), lossSlots, undefined, [newStep([3], 1, 0.5)], OPTIONS);
    expect([...lossSlots].every(x => x === 0.5)).to.be.true;
  });

  it('clips gradients by their norm over all variables', () => {
    const theta = randomTheta(1), step = (shape: readonly number[], gradient: number): ArrayStep => newStep(shape, 1, gradient);
    // 9 · 4² + 16 · 4² = 20²: scaled to a norm of 5, each gradient is 1.
    const large = [step([9], 4), step([4, 4], 4)], small = [step([9], 1), step([4, 4], 1)];
    stepArrays(theta, new Float32Array(NUM_LOSS_SLOTS), 2, large, {...OPTIONS, clipNorm: 5});
    stepArrays(theta, new Float32Array(NUM_LOSS_SLOTS), 2, small, {...OPTIONS, clipNorm: 5});
    large.forEach((l, i) => expect([l.output, l.slots]).to.deep.equal([small[i]!.output, small[i]!.slots]));
  });

  it('keeps counting where a float can no longer hold the count', () => {
    const step = newStep([3], 1, 0.5);
    step.tensorSlots[TENSOR_SLOTS.count] = 2 ** 24;
    stepArrays(randomTheta(1), new Float32Array(NUM_LOSS_SLOTS), 2, [step], {...OPTIONS, time: 2 ** 25});
    expect(step.tensorSlots[TENSOR_SLOTS.count]).to.equal(2 ** 24);
    expect(step.output.every(Number.isFinite)).to.be.true;
  });
});

describe('sumSquares', () => {
  it('is not finite where a number is not, or where the sum leaves the range of floats', () => {
    expect(sumSquares(Float32Array.of(3, 4))).to.equal(25);
    expect(sumSquares(Float32Array.of(1e18, 1))).to.be.closeTo(1e36, 1e30);
    for (const bad of [NaN, Infinity, -Infinity, 1e20]) expect(Number.isFinite(sumSquares(Float32Array.of(1, bad)))).to.be.false;
    expect(sumSquares(new Float32Array(0))).to.equal(0);
  });
});
