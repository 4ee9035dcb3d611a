import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {Random} from '../../../src/random.js';
import type {RuleVariable} from '../../../src/rules/rule.js';
import {scaleFeatures} from '../../../src/rules/scale/features.js';
import {scale} from '../../../src/rules/scale/scale.js';
import {NUM_FEATURES, type ScaleSlot, type ScaleWeight} from '../../../src/rules/scale/spec.js';
import {BACKENDS, forEachBackend} from '../../support/backends.js';

const CONTEXT = {time: 0, horizon: 0, learningRate: 1, loss: undefined};

/** Weights of 0 but for these. */
function thetaWith(values: Partial<Record<ScaleWeight, number>>): Float32Array {
  const theta = new Float32Array(scale.thetaSize);
  for (const [name, value] of Object.entries(values)) {
    const {offset, size} = scale.layout.find(entry => entry.name === name)!;
    theta.fill(value, offset, offset + size);
  }
  return theta;
}

function newVariable(theta: tf.Tensor1D, gradient: number[], seed = 1): RuleVariable<ScaleSlot> {
  return {parameter: tf.zeros([gradient.length]), gradient: tf.tensor1d(gradient), slots: scale.initialSlots(theta, [gradient.length], new Random(seed))};
}

function expectValues(tensor: tf.Tensor, expected: readonly number[], tolerance = 2e-6): void {
  const values = tensor.dataSync();
  expect(values.length).to.equal(expected.length);
  expected.forEach((x, i) => expect(values[i]!, `entry ${i}`).to.be.closeTo(x, tolerance * Math.max(1, Math.abs(x))));
}

describe('scale', () => {
  forEachBackend(BACKENDS, () => {
    it('has 12 features: scaled averages, products of neighbours, relative log mean squares, relative log rate', () => tf.tidy(() => {
      const result = scaleFeatures({
        gradient: tf.tensor1d([3]), inputDecay: tf.tensor1d([0.81]), scaleDecay: tf.tensor1d([0.75]), relativeLogRate: tf.tensor1d([-0.7]),
        averages: tf.tensor2d([[1], [2], [0], [-1]]), meanSquares: tf.tensor2d([[4], [1], [0.25], [9]]),
      });
      // Decays 0.81, 0.9, 0.948683, 0.974004; averages 3 (1 - d) + d a; mean squares a² / 4 + 3 ms / 4.
      expectValues(result.averages, [1.38, 2.1, 0.1539501, -0.8960150]);
      expectValues(result.meanSquares, [1.38 ** 2 / 4 + 3, 2.1 ** 2 / 4 + 0.75, 0.1934252, 6.9507107]);
      expectValues(result.scaled, [0.6852666, 1.2183313, 0.3432637, -0.3336363]);
      expect(result.features.shape).to.deep.equal([NUM_FEATURES, 1]);
      expect(NUM_FEATURES).to.equal(12);
      expectValues(result.features, [
        0.6852666, 1.2183313, 0.3432637, -0.3336363, 0.8348818, 0.4182090, -0.1145252, 0.7063044, 0.0769295, -2.1824712, 1.3992373, -0.7,
      ]);
    }));

    it('has scaled averages that are odd, from 1e-20 to a saturated scale decay', () => tf.tidy(() => {
      const gradient = [1e-20, -1e-20, 1e10, -1e10, 0], n = gradient.length, decay = tf.fill([n], 1 - 2 ** -24);
      const {scaled} = scaleFeatures({
        gradient: tf.tensor1d(gradient), inputDecay: tf.zeros([n]), scaleDecay: decay, relativeLogRate: tf.zeros([n]),
        averages: tf.zeros([4, n]), meanSquares: tf.zeros([4, n]),
      });
      const values = scaled.dataSync().subarray(0, n);
      expect(values[0]!).to.be.greaterThan(0).and.below(1e-10);
      expect(values[1]!).to.equal(-values[0]!);
      // x = ±4,096 where 1 - decay = 2^-24: asinh(4096) = 9.0109.
      expect(values[2]!).to.be.closeTo(Math.asinh(4096), 1e-4);
      expect(values[3]!).to.be.closeTo(-Math.asinh(4096), 1e-4);
      expect(values[4]!).to.equal(0);
    }));

    it('steps by exp(log rate + offset) in a direction of RMS 1 in each tensor', () => tf.tidy(() => {
      const theta = tf.tensor1d(thetaWith({directionShortcut: 0.25, rateOffset: -1}));
      const variable = newVariable(theta, [2, -3, 1e-3, 0]), {parameter, slots} = scale.step(theta, [variable], scale.initialShared(theta), CONTEXT).variables[0]!;
      // At the first step x is asinh(±1) where there is a gradient; RMS over the tensor: √(3 / 4) of that.
      const rates = [...variable.slots.logRate.dataSync()].map(x => Math.exp(x - 1)), size = 1 / Math.sqrt(3 / 4);
      parameter.dataSync().forEach((x, i) => expect(x).to.be.closeTo(-[size, -size, size, 0][i]! * rates[i]!, 1e-5 * rates[i]!));
      // No change of the rate: it stays. Decays: sigmoid(0).
      expectValues(slots.logRate, [...variable.slots.logRate.dataSync()]);
      expectValues(slots.inputDecay, [0.5, 0.5, 0.5, 0.5]);
      expectValues(slots.scaleDecay, [0.5, 0.5, 0.5, 0.5]);
    }));

    it('clips the log rate at ±33, with the gradient of what it clips', () => tf.tidy(() => {
      for (const [change, bound] of [[100, 33], [-100, -33]] as const) {
        // A momentum of 0.5: the log rate goes half way. An offset that takes the bound back makes the step 1.
        const values = thetaWith({directionShortcut: 0.25, rateBias: change, rateOffset: -bound}), theta = tf.tensor1d(values);
        const variable = newVariable(theta, [2]);
        const stepped = (x: tf.Tensor): ReturnType<typeof scale.step> => scale.step(x as tf.Tensor1D, [variable], scale.initialShared(theta), CONTEXT);
        const {parameter, slots} = stepped(theta).variables[0]!;
        expectValues(parameter, [-1], 1e-5);
        expectValues(slots.logRate, [(variable.slots.logRate.dataSync()[0]! + bound) / 2]);
        const gradient = tf.grad(x => tf.sum(stepped(x).variables[0]!.parameter))(theta).dataSync();
        expect(gradient[scale.layout.find(entry => entry.name === 'rateBias')!.offset]!).to.be.closeTo(-1, 1e-5);
      }
    }));

    it('starts log rates between those of 1e-6 and 1e-2, spread within a variable and between variables', () => tf.tidy(() => {
      const theta = tf.tensor1d(scale.initialTheta(new Random(1)));
      const ratesOf = (seed: number): Float32Array => scale.initialSlots(theta, [200], new Random(seed)).logRate.dataSync<'float32'>();
      const means = [1, 2, 3, 4, 5, 6, 7, 8].map(seed => ratesOf(seed).reduce((a, b) => a + b, 0) / 200);
      expect(Math.max(...means) - Math.min(...means)).to.be.greaterThan(2);
      for (const rates of [ratesOf(1), ratesOf(2)]) {
        expect(Math.min(...rates)).to.be.at.least(Math.log(1e-6));
        expect(Math.max(...rates)).to.be.at.most(Math.log(1e-2) + 1e-5);
        expect(Math.max(...rates) - Math.min(...rates)).to.be.closeTo(Math.log(1e4) / 2, 0.3);
      }
      expect(ratesOf(1)).to.deep.equal(ratesOf(1));
    }));

    it('starts its GRUs from the learned states', () => tf.tidy(() => {
      const theta = tf.tensor1d(thetaWith({initialParameter: 0.25, initialTensor: -0.5, initialGlobal: 0.75}));
      const {parameterState, tensorState} = scale.initialSlots(theta, [2, 3], new Random(1));
      expectValues(parameterState, new Array<number>(60).fill(0.25));
      expectValues(tensorState, new Array<number>(20).fill(-0.5));
      expectValues(scale.initialShared(theta).globalState, new Array<number>(20).fill(0.75));
    }));

    it('shows the global level all tensors, not the last one alone', () => tf.tidy(() => {
      const theta = tf.tensor1d(scale.initialTheta(new Random(3))), shared = scale.initialShared(theta);
      const one = newVariable(theta, [5, -2, 1], 1), other = newVariable(theta, [1e-3, 2], 2);
      const after = (...variables: RuleVariable<ScaleSlot>[]): number[] => [...scale.step(theta, variables, shared, CONTEXT).shared.globalState.dataSync()];
      const distance = (a: number[], b: number[]): number => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
      expect(distance(after(one, other), after(other, one))).to.be.below(1e-6);
      // The first tensor differs in its own state alone: a global level that sees the last one alone would not notice.
      const third = {...one, slots: {...one.slots, tensorState: tf.fill([20], 1)}};
      expect(distance(after(one, other), after(third, other))).to.be.greaterThan(1e-3);
    }));
  });
});
