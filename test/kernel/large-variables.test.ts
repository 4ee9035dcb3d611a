import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {L2OError} from '../../src/index.js';
import {OwnHeap} from '../../src/kernel/heap.js';
import {JsRunner} from '../../src/kernel/js-runner.js';
import {OpsRunner} from '../../src/kernel/ops-runner.js';
import {selectRunner} from '../../src/kernel/select-runner.js';
import type {SlotArrays, StepRunner, VariableSlots} from '../../src/kernel/runner.js';
import type {StepOptions} from '../../src/kernel/types.js';
import {Random} from '../../src/random.js';
import {PARAMETER_SLOTS, TENSOR_SLOTS, THETA_SIZE} from '../../src/rules/tensor-lstm/spec.js';
import {forEachBackend} from '../support/backends.js';
import {runScenario, runWasm, runWasmOn, type Scenario} from './golden.js';

const SIZE = 10_000_000, PATTERN = 10_000, STEPS = 2;
/** Sums over a block are in float32. */
const TOLERANCE = 1e-6;
const OPTIONS: Omit<StepOptions, 'time'> = {horizon: 0, learningRate: 1, clipNorm: undefined, parameterScale: true};

/** The same numbers again and again: their means are those of one pattern, however many there are. */
function repeated(pattern: Float32Array, size: number): Float32Array {
  const values = new Float32Array(size);
  for (let start = 0; start < size; start += pattern.length) values.set(pattern, start);
  return values;
}

/** The values and slots of a variable after some steps of Adam, and the gradient of the last. */
interface Stepped extends SlotArrays {
  readonly values: Float32Array;
  readonly gradient: Float32Array;
}

function stepped(runner: StepRunner, size: number): Stepped {
  // Weights all of one sign, whose sum loses digits soonest, as squares do.
  const random = new Random(1), start = random.normals(PATTERN, 0.1).map(x => 1 + x), theta = new Float32Array(THETA_SIZE);
  const variable = tf.tidy(() => tf.variable(tf.tensor1d(repeated(start, size)))), losses = runner.createLossSlots();
  let slots: VariableSlots | undefined, gradient: Float32Array = new Float32Array(0);
  for (let time = 0; time < STEPS; time++) {
    gradient = repeated(random.normals(PATTERN, 0.03), size);
    const tensor = tf.tensor1d(gradient);
    slots ??= runner.createSlots(size);
    expect(runner.step(theta, [{variable, gradient: tensor, slots, weightDecay: 0}], losses, 1, {...OPTIONS, time}).kind).to.equal('made');
    tensor.dispose();
  }
  const result = {...slots!.read(), values: variable.dataSync<'float32'>().slice(), gradient};
  slots!.dispose();
  losses.dispose();
  variable.dispose();
  return result;
}

/** Σ a b in float64. */
function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

describe('a variable of 10 million parameters', () => {
  forEachBackend(['cpu', 'wasm'], () => {
    it('is normalised by sums that agree with those in float64, where float32 drifts', () => {
      const runner = selectRunner(() => undefined), {slots, tensorSlots, values, gradient} = stepped(runner, SIZE);
      const plane = (name: typeof PARAMETER_SLOTS[number]): Float32Array => slots.subarray(PARAMETER_SLOTS.indexOf(name) * SIZE, (PARAMETER_SLOTS.indexOf(name) + 1) * SIZE);
      const m1 = plane('m1'), m2 = plane('m2'), m1m1 = dot(m1, m1), m2m2 = dot(m2, m2);
      const expected = {
        meanSquareM1: m1m1 / SIZE, meanSquareM2: m2m2 / SIZE, meanSquareP: dot(values, values) / SIZE,
        cosGradientMomentum: dot(gradient, m1) / Math.sqrt(dot(gradient, gradient) * m1m1), cosMomenta: dot(m1, m2) / Math.sqrt(m1m1 * m2m2),
        // The directions are not kept; those of one pattern are the same, and few.
        meanSquareDirection: stepped(runner, PATTERN).tensorSlots[TENSOR_SLOTS.meanSquareDirection]!,
      };
      for (const [name, value] of Object.entries(expected)) {
        expect(Math.abs(tensorSlots[TENSOR_SLOTS[name as keyof typeof expected]]! / value - 1), name).to.be.at.most(TOLERANCE);
      }
      let naive = 0;
      for (const value of values) naive = Math.fround(naive + Math.fround(value * value));
      expect(Math.abs(naive / dot(values, values) - 1), 'float32').to.be.greaterThan(1000 * TOLERANCE);
    });
  });
});

describe('the memory of the kernel', () => {
  const scenario: Scenario = {title: '', horizon: 100, weightDecay: 0.1, clipNorm: 0.5};

  for (const gibibytes of [2, 3.9]) {
    it(`holds variables beyond ${gibibytes} GiB as any others`, () => {
      // Of what is taken and not touched the system gives nothing.
      const high = runWasmOn(() => {
        const heap = new OwnHeap();
        heap.allocate(gibibytes * 2 ** 28);
        return heap;
      });
      const low = runScenario(runWasm, scenario, 2);
      const {lossSlots, variables} = runScenario(high, scenario, 2);
      expect(lossSlots).to.deep.equal(low.lossSlots);
      expect(variables).to.deep.equal(low.variables);
    });
  }

  it('is used to its end, and an error tells that it is full', () => {
    const heap = new OwnHeap(), quarter = 2 ** 28 - 2 ** 16;
    const pointers = Array.from({length: 4}, () => heap.allocate(quarter));
    expect(new Set(pointers).size).to.equal(4);
    expect(pointers[3]! + 4 * quarter).to.be.at.most(heap.memory.buffer.byteLength);
    for (let i = 0; i < 2; i++) expect(() => heap.allocate(quarter)).to.throw(L2OError, 'full').with.property('code', 'ENVIRONMENT');
    heap.free(pointers[1]!, quarter);
    expect(heap.allocate(quarter)).to.equal(pointers[1]);
  });
});

describe('a variable that no memory has room for', () => {
  for (const runner of [new JsRunner(), new OpsRunner()]) {
    it(`is refused by name by the runner '${runner.name}', and leaves nothing`, () => {
      const {numTensors} = tf.memory();
      // 512 TiB of slots.
      expect(() => runner.createSlots(2 ** 45)).to.throw(L2OError, 'Train fewer or smaller variables').with.property('code', 'ENVIRONMENT');
      expect(tf.memory().numTensors).to.equal(numTensors);
    });
  }
});
