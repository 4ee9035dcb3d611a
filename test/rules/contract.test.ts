import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {Random} from '../../src/random.js';
import {lstmDm} from '../../src/rules/lstm-dm.js';
import {rnnprop} from '../../src/rules/rnnprop.js';
import type {Rule, RuleVariable, State, StepContext} from '../../src/rules/rule.js';
import {scale} from '../../src/rules/scale/scale.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {type Reference, type ReferenceState, referenceLstmDm, referenceRnnprop, referenceScale} from './reference.js';

const SHAPES = [[2, 3], [], [4]] as const;
const NUM_UNROLLED = 3;
/** Rule, oracle, weights, and a learning rate at which three steps bend the objective. */
const RULES: ReadonlyArray<readonly [rule: Rule, reference: Reference, numWeights: number, learningRate: number]> = [
  [lstmDm, referenceLstmDm(lstmDm), 5141, 30],
  [rnnprop, referenceRnnprop(rnnprop), 6641, 30],
  [scale, referenceScale(scale), 8349, 1000],
];

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const parametersOf = (seed: number): number[][] => SHAPES.map((shape, i) => [...new Random(seed).fork(i).normals(sizeOf(shape))]);
/** Seen once: curvatures of the objective's coordinates, from 0.01 to 10. */
const CURVATURES = SHAPES.map((shape, i) => Array.from({length: sizeOf(shape)}, (_, k) => new Random(5).fork(`${i}/${k}`).logUniform(0.01, 10)));
const randoms = (): Random[] => SHAPES.map((_, i) => new Random(9).fork(i));
const contextAt = (time: number, learningRate: number): StepContext => ({time, horizon: 10, learningRate, loss: undefined});

/** Drawn weights with noise, so that none of them is 0 and untested. */
function thetaOf(rule: Rule, seed: number): Float32Array {
  const noise = new Random(seed).normals(rule.thetaSize, 0.1);
  return rule.initialTheta(new Random(seed)).map((x, i) => x + noise[i]!);
}

function newVariables(rule: Rule, theta: tf.Tensor1D, shapes: ReadonlyArray<readonly number[]>, fill: (i: number, shape: readonly number[]) => [tf.Tensor, tf.Tensor]): RuleVariable[] {
  return shapes.map((shape, i) => {
    const [parameter, gradient] = fill(i, shape);
    return {parameter, gradient, slots: rule.initialSlots(theta, shape, new Random(9).fork(i))};
  });
}

/** Three steps on a quadratic, from initial states on, all on one tape. */
function unrolled(rule: Rule, theta: tf.Tensor1D, learningRate: number): {variables: Array<{parameter: tf.Tensor; slots: State}>; shared: State} {
  const start = parametersOf(3), curvatures = CURVATURES.map((c, i) => tf.tensor(c, [...SHAPES[i]!]));
  let variables: Array<{parameter: tf.Tensor; slots: State}> = newVariables(rule, theta, SHAPES, (i, shape) => [tf.tensor(start[i]!, [...shape]), tf.zeros([...shape])]);
  let shared = rule.initialShared(theta);
  for (let time = 0; time < NUM_UNROLLED; time++) {
    const steps = variables.map((v, i) => ({...v, gradient: tf.mul(v.parameter, curvatures[i]!)}));
    ({variables, shared} = rule.step(theta, steps, shared, contextAt(time, learningRate)));
  }
  return {variables, shared};
}

function unrolledReference(reference: Reference, theta: Float64Array, learningRate: number): ReferenceState {
  let state = reference.initial(theta, parametersOf(3), randoms());
  for (let time = 0; time < NUM_UNROLLED; time++) {
    state = reference.step(theta, state, state.variables.map(({parameter}, i) => parameter.map((p, k) => p * CURVATURES[i]![k]!)), time, learningRate);
  }
  return state;
}

const objective = (parameters: readonly number[][]): number => {
  const flat = parameters.flat();
  return flat.reduce((sum, p) => sum + p * p, 0) / flat.length;
};

function expectClose(actual: tf.Tensor, expected: readonly number[], message: string): void {
  const values = actual.dataSync();
  expect(values.length, message).to.equal(expected.length);
  const largest = Math.max(...expected.map(Math.abs), 1e-3);
  expected.forEach((x, i) => expect(values[i]!, `${message}[${i}]`).to.be.closeTo(x, 2e-5 * largest));
}

for (const [rule, reference, numWeights, learningRate] of RULES) {
  describe(`the rule ${rule.name}`, () => {
    it(`has ${numWeights} weights, laid out without a gap`, () => {
      expect(rule.thetaSize).to.equal(numWeights);
      let offset = 0;
      for (const entry of rule.layout) {
        expect(entry.offset, entry.name).to.equal(offset);
        expect(entry.size, entry.name).to.equal(sizeOf(entry.shape));
        offset += entry.size;
      }
      expect(offset).to.equal(numWeights);
      expect(new Set(rule.layout.map(entry => entry.name)).size).to.equal(rule.layout.length);
    });

    it('draws the same finite theta from the same seed, and another from another', () => {
      const theta = rule.initialTheta(new Random(1)), used = new Random(1);
      used.next();
      expect(theta).to.have.length(numWeights);
      expect(theta.every(Number.isFinite)).to.be.true;
      expect(rule.initialTheta(used)).to.deep.equal(theta);
      expect(rule.initialTheta(new Random(2))).to.not.deep.equal(theta);
    });

    it('refuses a theta of another size', () => {
      const step = (): unknown => tf.tidy(() => {
        const theta = tf.tensor1d(rule.initialTheta(new Random(1)));
        const variables = newVariables(rule, theta, [[2]], () => [tf.ones([2]), tf.ones([2])]);
        return {...rule.step(tf.zeros([numWeights + 1]), variables, rule.initialShared(theta), contextAt(0, 1))};
      });
      expect(step).to.throw(L2OError, `${rule.name}: expected a theta of ${numWeights} weights, got ${numWeights + 1}`).with.property('code', 'INVALID_THETA');
    });

    forEachBackend(BACKENDS, () => {
      it('equals its oracle over 3 chained steps, in all parameters and all state', () => tf.tidy(() => {
        const theta = thetaOf(rule, 7), expected = unrolledReference(reference, Float64Array.from(theta), learningRate);
        const {variables, shared} = unrolled(rule, tf.tensor1d(theta), learningRate);
        variables.forEach(({parameter, slots}, i) => {
          expect(parameter.shape).to.deep.equal(SHAPES[i]);
          expectClose(parameter, expected.variables[i]!.parameter, `parameter ${i}`);
          expect(Object.keys(slots)).to.have.members(Object.keys(expected.variables[i]!.slots));
          for (const [name, slot] of Object.entries(slots)) expectClose(slot, expected.variables[i]!.slots[name]!.flat(), `${name} of ${i}`);
        });
        for (const [name, slot] of Object.entries(shared)) expectClose(slot, expected.shared[name]!.flat(), name);
        expect(Object.keys(shared)).to.have.members(Object.keys(expected.shared));
      }));

      it('has the gradient with respect to theta that central differences of the oracle give', () => {
        const theta = thetaOf(rule, 11), exact = Float64Array.from(theta), epsilon = 1e-5;
        const gradient = tf.tidy(() => tf.grad(x => {
          const {variables} = unrolled(rule, x as tf.Tensor1D, learningRate);
          return tf.mean(tf.concat(variables.map(({parameter}) => tf.reshape(tf.square(parameter), [-1]))));
        })(tf.tensor1d(theta)).dataSync() as Float32Array);
        const valueAt = (moved: Float64Array): number => objective(unrolledReference(reference, moved, learningRate).variables.map(v => v.parameter));
        for (const {name, offset, size} of rule.layout) {
          const own = gradient.subarray(offset, offset + size), norm = Math.hypot(...own);
          expect(norm, `${name} has a slope`).to.be.greaterThan(1e-7);
          for (const raw of [Float64Array.from(own), Float64Array.from(new Random(17).fork(name).normals(size))]) {
            const length = Math.hypot(...raw), movedBy = (distance: number): Float64Array =>
              exact.map((x, i) => (i >= offset && i < offset + size ? x + distance * raw[i - offset]! / length : x));
            const difference = (valueAt(movedBy(epsilon)) - valueAt(movedBy(-epsilon))) / (2 * epsilon);
            const slope = own.reduce((sum, g, i) => sum + g * raw[i]! / length, 0);
            expect(slope, name).to.be.closeTo(difference, 1e-3 * norm);
          }
        }
      });

      it('leaves variables without elements as they are, and steps the others as if they were not there', () => tf.tidy(() => {
        const theta = tf.tensor1d(thetaOf(rule, 3)), shared = rule.initialShared(theta);
        const [some, none] = newVariables(rule, theta, [[3], [0, 2]], (_, shape) => [tf.ones([...shape]), tf.ones([...shape])]);
        const alone = rule.step(theta, [some!], shared, contextAt(0, 1)), both = rule.step(theta, [none!, some!, none!], shared, contextAt(0, 1));
        expect(both.variables.map(v => v.parameter.shape)).to.deep.equal([[0, 2], [3], [0, 2]]);
        expect(both.variables[1]!.parameter.dataSync()).to.deep.equal(alone.variables[0]!.parameter.dataSync());
        for (const [name, slot] of Object.entries(none!.slots)) expect(both.variables[0]!.slots[name]!.shape, name).to.deep.equal(slot.shape);
        for (const [name, value] of Object.entries(alone.shared)) expect(both.shared[name]!.dataSync()).to.deep.equal(value.dataSync());
        const nothing = rule.step(theta, [none!], shared, contextAt(0, 1));
        for (const [name, value] of Object.entries(shared)) expect(nothing.shared[name]!.dataSync()).to.deep.equal(value.dataSync());
        expect(rule.step(theta, [], shared, contextAt(0, 1)).variables).to.deep.equal([]);
      }));

      it('stays finite, with its gradient, for gradients of 0 and from 1e-20 to 1e10', () => {
        const sizes = [0, 1e-20, 1e-10, 1e-4, 1, 1e4, 1e10], shapes = [[sizes.length], [sizes.length], [2]];
        const run = (theta: tf.Tensor1D): tf.Tensor => {
          let variables: Array<{parameter: tf.Tensor; slots: State}> = newVariables(rule, theta, shapes, (_, shape) => [tf.ones(shape as number[]), tf.zeros(shape as number[])]);
          let shared = rule.initialShared(theta);
          for (let time = 0; time < 6; time++) {
            // Signs change, and the second variable's sizes rise and fall, so that averages meet gradients of any other size.
            const sign = time % 2 === 0 ? 1 : -1, gradients = [sizes.map(s => sign * s), sizes.map((_, i) => sizes[(i + time) % sizes.length]!), [0, 0]];
            ({variables, shared} = rule.step(theta, variables.map((v, i) => ({...v, gradient: tf.tensor1d(gradients[i]!)})), shared, contextAt(time, 1)));
          }
          const state = [...variables.flatMap(v => [v.parameter, ...Object.values(v.slots)]), ...Object.values(shared)];
          for (const tensor of state) expect(tensor.dataSync().every(Number.isFinite)).to.be.true;
          return tf.addN(variables.map(({parameter}) => tf.mean(parameter)));
        };
        const gradient = tf.tidy(() => tf.grad(x => run(x as tf.Tensor1D))(tf.tensor1d(rule.initialTheta(new Random(4)))).dataSync());
        expect(gradient.every(Number.isFinite)).to.be.true;
        expect(gradient.some(g => g !== 0)).to.be.true;
      });

      it('has a finite gradient where gradients are 0 and on the tape', () => {
        const gradient = tf.tidy(() => tf.grad(x => {
          const theta = x as tf.Tensor1D;
          let variables: Array<{parameter: tf.Tensor; slots: State}> = newVariables(rule, theta, [[3]], () => [tf.ones([3]), tf.zeros([3])]);
          let shared = rule.initialShared(theta);
          for (let time = 0; time < NUM_UNROLLED; time++) {
            ({variables, shared} = rule.step(theta, variables.map(v => ({...v, gradient: tf.mul(v.parameter, 0)})), shared, contextAt(time, 1)));
          }
          return tf.sum(variables[0]!.parameter);
        })(tf.tensor1d(rule.initialTheta(new Random(4)))).dataSync());
        expect(gradient.every(Number.isFinite)).to.be.true;
        expect(gradient.some(g => g !== 0)).to.be.true;
      });

      it('multiplies its steps by the learning rate', () => tf.tidy(() => {
        const theta = tf.tensor1d(thetaOf(rule, 3)), shared = rule.initialShared(theta);
        const [variable] = newVariables(rule, theta, [[4]], () => [tf.zeros([4]), tf.tensor1d([1, -2, 0.1, 3])]);
        const at = (rate: number): Float32Array => rule.step(theta, [variable!], shared, contextAt(0, rate)).variables[0]!.parameter.dataSync<'float32'>();
        expect([...at(0)].every(x => x === 0)).to.be.true;
        const one = at(1);
        at(3).forEach((x, i) => expect(x).to.be.closeTo(3 * one[i]!, 1e-6 * Math.abs(x)));
      }));

      it('changes no input, keeps shapes, leaves no tensor behind, and does the same again', () => {
        const before = tf.memory().numTensors, theta = tf.tensor1d(thetaOf(rule, 3)), shapes = [[2, 3], [], [0, 2]];
        const variables = shapes.map((shape, i): RuleVariable => ({
          parameter: tf.tensor(new Random(i).normals(sizeOf(shape)), [...shape]), gradient: tf.ones([...shape]),
          slots: tf.tidy(() => ({...rule.initialSlots(theta, shape, new Random(i))})),
        }));
        const shared = tf.tidy(() => ({...rule.initialShared(theta)}));
        const inputs = [theta, ...variables.flatMap(v => [v.parameter, v.gradient, ...Object.values(v.slots)]), ...Object.values(shared)];
        expect(tf.memory().numTensors - before, 'initial state').to.equal(inputs.length);
        const values = inputs.map(t => t.dataSync().slice()), alive = tf.memory().numTensors;
        const run = (): tf.Tensor[] => tf.tidy(() => {
          const result = rule.step(theta, variables, shared, contextAt(0, 1));
          result.variables.forEach(({parameter, slots}, i) => {
            expect(parameter.shape).to.deep.equal(shapes[i]);
            for (const [name, slot] of Object.entries(slots)) expect(slot.shape, name).to.deep.equal(variables[i]!.slots[name]!.shape);
          });
          return [...result.variables.flatMap(v => [v.parameter, ...Object.values(v.slots)]), ...Object.values(result.shared)];
        });
        const first = run(), second = run();
        expect(first.every((tensor, i) => !inputs.includes(tensor) && tensor !== second[i])).to.be.true;
        expect(tf.memory().numTensors - alive).to.equal(first.length + second.length);
        first.forEach((tensor, i) => expect(tensor.dataSync()).to.deep.equal(second[i]!.dataSync()));
        inputs.forEach((tensor, i) => expect(tensor.dataSync()).to.deep.equal(values[i]));
        tf.dispose([...first, ...second, ...inputs]);
        expect(tf.memory().numTensors).to.equal(before);
      });
    });
  });
}
