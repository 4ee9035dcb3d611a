/** The untrained rule on a real problem, beside Adam. */
import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {Random} from '../../src/random.js';
import {CONSTANTS, THETA_SIZE} from '../../src/rules/tensor-lstm/spec.js';
import {loadDigits} from '../../src/tasks/digits.js';
import {distance, newState, rms, type Runner, type State, withTheta} from './golden.js';

const BATCH_SIZE = 64, NUM_STEPS = 50;
const SHAPES = [[64, 16], [16], [16, 10], [10]] as const;

type Parameters = readonly [tf.Tensor2D, tf.Tensor1D, tf.Tensor2D, tf.Tensor1D];

/** Parameters of a small MLP: scaled normal kernels, zero biases. */
function initialParameters(): Float32Array[] {
  const random = new Random(3);
  return SHAPES.map(shape => (shape.length === 2 ? random.normals(shape[0] * shape[1], 1 / Math.sqrt(shape[0])) : new Float32Array(shape[0])));
}

function batchLoss(parameters: Parameters, step: number): tf.Scalar {
  const {features, labels, numFeatures, numClasses} = loadDigits().train, start = (step * BATCH_SIZE) % (labels.length - BATCH_SIZE);
  const [w1, b1, w2, b2] = parameters;
  const x = tf.tensor2d(features.subarray(start * numFeatures, (start + BATCH_SIZE) * numFeatures), [BATCH_SIZE, numFeatures]);
  const y = tf.oneHot(tf.tensor1d(labels.subarray(start, start + BATCH_SIZE), 'int32'), numClasses);
  const hidden = tf.tanh(tf.add<tf.Tensor2D>(tf.matMul(x, w1), b1));
  return tf.losses.softmaxCrossEntropy(y, tf.add(tf.matMul(hidden, w2), b2));
}

function lossAndGradients(parameters: readonly Float32Array[], step: number): {loss: number; gradients: Float32Array[]} {
  return tf.tidy(() => {
    const tensors = parameters.map((p, i) => tf.tensor(p, [...SHAPES[i]!]));
    const {value, grads} = tf.valueAndGrads((...args: tf.Tensor[]) => batchLoss(args as unknown as Parameters, step))(tensors);
    return {loss: value.dataSync()[0]!, gradients: grads.map(g => g.dataSync().slice() as Float32Array)};
  });
}

/** Parameters after 50 steps of `tf.train.adam(1e-3)`. */
function trainWithAdam(): Float32Array[] {
  const variables = initialParameters().map((p, i) => tf.variable(tf.tensor(p, [...SHAPES[i]!])));
  const optimizer = tf.train.adam(1e-3);
  for (let step = 0; step < NUM_STEPS; step++) optimizer.minimize(() => batchLoss(variables as unknown as Parameters, step), false, variables);
  const trained = variables.map(v => v.dataSync().slice() as Float32Array);
  tf.dispose(variables);
  optimizer.dispose();
  return trained;
}

/** Trains for 50 steps by the rule under a theta of zeros, and shows every step's gradients and the parameters after it. */
function trainUntrainedRule(
  run: Runner, parameterScale: boolean, onStep: (gradients: readonly Float32Array[], parameters: readonly Float32Array[]) => void,
): Float32Array[] {
  const state: State = withTheta(newState(1, SHAPES), new Float32Array(THETA_SIZE)), parameters = state.variables.map(v => v.parameter);
  initialParameters().forEach((p, i) => parameters[i]!.set(p));
  for (let time = 0; time < NUM_STEPS; time++) {
    const {loss, gradients} = lossAndGradients(parameters, time);
    run(state, gradients, loss, {time, horizon: 0, learningRate: 1, clipNorm: undefined, parameterScale});
    onStep(gradients, parameters);
  }
  return parameters;
}

/** Adam in doubles, each tensor's step times `scale` of the tensor; returns the parameters, which each step changes. */
function adamInDoubles(scale: (parameter: Float64Array) => number): {parameters: Float64Array[]; step(gradients: readonly Float32Array[]): void} {
  const parameters = initialParameters().map(p => Float64Array.from(p));
  const slots = parameters.map(p => ({m: new Float64Array(p.length), v: new Float64Array(p.length)}));
  let count = 0;
  return {
    parameters,
    step(gradients) {
      count++;
      const biasM = 1 - 0.9 ** count, biasV = 1 - 0.999 ** count;
      parameters.forEach((p, k) => {
        const length = 1e-3 * scale(p), {m, v} = slots[k]!;
        gradients[k]!.forEach((g, i) => {
          m[i] = 0.9 * m[i]! + 0.1 * g;
          v[i] = 0.999 * v[i]! + 0.001 * g * g;
          p[i]! -= (length * m[i]) / biasM / (Math.sqrt(v[i] / biasV) + 1e-7);
        });
      });
    },
  };
}

function expectSteps(run: Runner, parameterScale: boolean, scale: (parameter: Float64Array) => number): Float32Array[] {
  const adam = adamInDoubles(scale);
  return trainUntrainedRule(run, parameterScale, (gradients, parameters) => {
    adam.step(gradients);
    adam.parameters.forEach((p, i) => expect(distance(parameters[i]!, p, rms(p)), `tensor ${i}, in units of its RMS`).to.be.at.most(1e-5));
  });
}

/** Holds the untrained rule without parameter scaling to `tf.train.adam(1e-3)`, and closer still to Adam in doubles. */
export function expectAdam(run: Runner): void {
  const trained = expectSteps(run, false, () => 1);
  trainWithAdam().forEach((p, i) => {
    // tf.train.adam computes 1 - 0.999^t in float32, which is off by 1.3e-5 of itself: its own steps are that far from Adam's.
    // So relative to the RMS of small tensors, like the biases here, the bound is twice as wide as for Adam in doubles.
    expect(distance(trained[i]!, p, rms(p)), `tensor ${i}, in units of its RMS`).to.be.at.most(p.length > 100 ? 1e-5 : 2e-5);
    expect(distance(trained[i]!, p, 1), `tensor ${i}`).to.be.at.most(1e-6);
  });
}

/** Holds the untrained rule with parameter scaling to Adam's direction times max(rms(p), floor). */
export function expectScaledAdam(run: Runner): void {
  const floor = CONSTANTS.FLOOR_RELATIVE * rms(initialParameters().flatMap(p => [...p]));
  const trained = expectSteps(run, true, p => Math.max(rms(p), floor));
  expect(rms(trained[1]!), 'biases that began at 0').to.be.greaterThan(1e-4);
}
