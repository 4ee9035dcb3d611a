import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {stepArrays} from '../../src/kernel/js-step.js';
import {allFinite, type OpsStep, type OpsStepped, selectFinite, stepOps} from '../../src/kernel/ops-step.js';
import {type StepOptions} from '../../src/kernel/types.js';
import {Random} from '../../src/random.js';
import {
  LOSS_SLOTS, NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS, THETA_LAYOUT, THETA_SIZE,
} from '../../src/rules/tensor-lstm/spec.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {newState, randomTheta, rms, runOps, withTheta} from './golden.js';
import {expectAdam, expectScaledAdam} from './golden-adam.js';

const SHAPES = [[4, 5], [3], [2, 2, 3]] as const;
/** At the start, in the cooldown, and late in a run without a horizon. */
const TIMES = [0, 15, 400] as const;
// Steps long enough to bend the objective well above float32 rounding.
const optionsAt = (time: number): StepOptions => ({time, horizon: time < 20 ? 20 : 0, learningRate: 300, clipNorm: 4, parameterScale: true});
/** Of a loss that has been seen 50 times and has risen far above its minimum, so that the guard acts. */
const RISEN = new Float32Array(NUM_LOSS_SLOTS);
for (const [name, value] of Object.entries({seen: 50, first: 2, fast: 1, slow: 1.2, slower: 1.5, noise: 0.05, minimum: 0.3})) {
  RISEN[LOSS_SLOTS[name as keyof typeof LOSS_SLOTS]] = value;
}

function newSteps(parameters: readonly tf.Tensor[], gradients: readonly tf.Tensor[]): OpsStep[] {
  return parameters.map((parameter, i) => ({
    parameter, gradient: gradients[i]!, slots: tf.zeros<tf.Rank.R2>([NUM_PARAMETER_SLOTS, parameter.size]),
    tensorSlots: tf.zeros<tf.Rank.R1>([NUM_TENSOR_SLOTS]), weightDecay: 0.1,
  }));
}

function gradientsAt(step: number): Float32Array[] {
  return SHAPES.map((shape, i) => new Random(20 + step).fork(i).normals(shape.reduce((a, b) => a * b, 1)));
}

function meanSquare(parameters: readonly tf.Tensor[]): tf.Scalar {
  return tf.mean(tf.concat(parameters.map(p => tf.reshape(tf.square(p), [-1]))));
}

/** Mean square of all parameters after a few steps; each step's loss is the mean square before it. */
function unrolledOps(theta: tf.Tensor1D): tf.Scalar {
  let lossSlots = tf.tensor1d(RISEN);
  let steps: OpsStepped[] = newSteps(newState(7, SHAPES).variables.map(v => tf.tensor(v.parameter, [...v.shape])), []);
  for (const [k, time] of TIMES.entries()) {
    const gradients = gradientsAt(k), loss = meanSquare(steps.map(s => s.parameter));
    const inputs = steps.map((s, i) => ({...s, gradient: tf.tensor(gradients[i]!, [...SHAPES[i]!]), weightDecay: 0.1}));
    ({lossSlots, steps} = stepOps(theta, lossSlots, loss, inputs, optionsAt(time)));
  }
  return meanSquare(steps.map(s => s.parameter));
}

/** The same in plain JavaScript, whose objective is smooth enough for finite differences. */
function unrolledArrays(theta: Float32Array): number {
  const {variables} = newState(7, SHAPES), lossSlots = RISEN.slice();
  const objective = (): number => rms(variables.flatMap(v => [...v.parameter])) ** 2;
  for (const [k, time] of TIMES.entries()) {
    const gradients = gradientsAt(k);
    stepArrays(theta, lossSlots, objective(), variables.map((v, i) => ({...v, gradient: gradients[i]!, output: v.parameter, weightDecay: 0.1})), optionsAt(time));
  }
  return objective();
}

describe('stepOps', () => {
  forEachBackend(BACKENDS, () => {
    it('has the gradient with respect to theta that central differences give', () => {
      const theta = randomTheta(13);
      const gradient = tf.tidy(() => tf.grad(x => unrolledOps(x as tf.Tensor1D))(tf.tensor1d(theta)).dataSync() as Float32Array);
      const random = new Random(17);
      for (const {name, offset, size} of THETA_LAYOUT) {
        const own = gradient.subarray(offset, offset + size);
        // Float32 parameters and an epsilon small enough to stay between the kinks leave errors of 2e-5 in a difference.
        expect(rms(own) * Math.sqrt(size), `${name} has a slope well above them`).to.be.greaterThan(5e-3);
        for (const raw of [Float32Array.from(own), random.normals(size)]) {
          const norm = rms(raw) * Math.sqrt(size), direction = raw.map(x => x / norm), epsilon = 1e-3;
          const movedBy = (distance: number): Float32Array => {
            const moved = theta.slice();
            direction.forEach((x, i) => { moved[offset + i]! += distance * x; });
            return moved;
          };
          const difference = (unrolledArrays(movedBy(epsilon)) - unrolledArrays(movedBy(-epsilon))) / (2 * epsilon);
          expect(own.reduce((sum, g, i) => sum + g * direction[i]!, 0), name).to.be.closeTo(difference, 5e-5);
        }
      }
    });

    it('equals tf.train.adam(1e-3) with a theta of zeros and no parameter scaling', () => expectAdam(runOps));
    it('is Adam\'s direction times max(rms(p), floor) with parameter scaling', () => expectScaledAdam(runOps));

    it('can be differentiated where there is one variable alone', () => {
      const gradient = tf.tidy(() => tf.grad(theta => {
        const steps = newSteps([tf.ones([3])], []).map(s => ({...s, gradient: tf.ones([3]), weightDecay: 0}));
        return tf.sum(stepOps(theta as tf.Tensor1D, tf.zeros<tf.Rank.R1>([NUM_LOSS_SLOTS]), tf.scalar(1), steps, optionsAt(0)).steps[0]!.parameter);
      })(tf.zeros([THETA_SIZE])).dataSync());
      expect(gradient.every(Number.isFinite)).to.be.true;
      expect(rms(gradient)).to.be.greaterThan(0);
    });

    it('has finite gradients where parameters and loss are 0, and all gradients but one', () => {
      const gradient = tf.tidy(() => tf.grad(theta => {
        let lossSlots = tf.zeros<tf.Rank.R1>([NUM_LOSS_SLOTS]);
        let steps: OpsStepped[] = newSteps([tf.zeros([3, 2]), tf.zeros([]), tf.zeros([0])], []);
        for (let time = 0; time < 3; time++) {
          const loss = meanSquare(steps.map(s => s.parameter));
          const inputs = steps.map((s, i) => ({...s, gradient: i === 1 ? tf.onesLike(s.parameter) : tf.zerosLike(s.parameter), weightDecay: 0}));
          ({lossSlots, steps} = stepOps(theta as tf.Tensor1D, lossSlots, loss, inputs, {...optionsAt(time), clipNorm: 1}));
        }
        return tf.sum(tf.concat(steps.map(s => tf.reshape(s.parameter, [-1]))));
      })(tf.zeros([THETA_SIZE])).dataSync());
      expect(gradient.every(Number.isFinite)).to.be.true;
      expect(rms(gradient)).to.be.greaterThan(0);
    });

    it('changes no input, keeps shapes and leaves no tensor behind', () => {
      const before = tf.memory().numTensors, state = withTheta(newState(3, [[2, 3], [], [0, 2]]), randomTheta(1));
      const parameters = state.variables.map(v => tf.tensor(v.parameter, [...v.shape]));
      const inputs = newSteps(parameters, parameters.map(p => tf.onesLike(p)));
      const theta = tf.tensor1d(randomTheta(1)), lossSlots = tf.zeros<tf.Rank.R1>([NUM_LOSS_SLOTS]), loss = tf.scalar(1);
      const result = tf.tidy(() => ({...stepOps(theta, lossSlots, loss, inputs, optionsAt(0))}));
      expect(tf.memory().numTensors - before).to.equal(4 * 3 + 3 + 3 * 3 + 1);
      result.steps.forEach((step, i) => {
        expect(step.parameter.shape).to.deep.equal(parameters[i]!.shape);
        expect(step.slots.shape).to.deep.equal(inputs[i]!.slots.shape);
        expect(step.tensorSlots.shape).to.deep.equal([NUM_TENSOR_SLOTS]);
        expect(parameters[i]!.dataSync()).to.deep.equal(state.variables[i]!.parameter);
        expect(inputs[i]!.slots.dataSync().every(x => x === 0)).to.be.true;
      });
      tf.dispose([theta, lossSlots, loss, result, inputs.map(({parameter, gradient, slots, tensorSlots}) => [parameter, gradient, slots, tensorSlots])] as tf.TensorContainer);
      expect(tf.memory().numTensors).to.equal(before);
    });

    it('selects the old state where a gradient or the loss is not finite', () => {
      tf.tidy(() => {
        const fine = [tf.ones([2, 3]), tf.zeros([0]), tf.scalar(2)];
        const chosen = (gradients: tf.Tensor[], loss?: tf.Scalar): number[] =>
          [...selectFinite(allFinite(gradients, loss), tf.tensor2d([[1, 2], [3, 4]]), tf.zeros<tf.Rank.R2>([2, 2])).dataSync()];
        expect(chosen(fine)).to.deep.equal([1, 2, 3, 4]);
        expect(chosen(fine, tf.scalar(-3))).to.deep.equal([1, 2, 3, 4]);
        expect(chosen([])).to.deep.equal([1, 2, 3, 4]);
        for (const bad of [NaN, Infinity, -Infinity, 1e20]) {
          expect(chosen([...fine, tf.tensor1d([1, bad])]), `gradient ${bad}`).to.deep.equal([0, 0, 0, 0]);
        }
        for (const bad of [NaN, Infinity, -Infinity]) expect(chosen(fine, tf.scalar(bad)), `loss ${bad}`).to.deep.equal([0, 0, 0, 0]);
      });
    });
  });
});
