/**
 * One seeded problem and three ways to step it: the golden tests hold them together.
 */
import * as tf from '@tensorflow/tfjs-core';
import {floatsAt, OwnHeap, type Heap} from '../../src/kernel/heap.js';
import {stepArrays} from '../../src/kernel/js-step.js';
import {stepOps} from '../../src/kernel/ops-step.js';
import {type StepOptions} from '../../src/kernel/types.js';
import {type PointerStep, WasmStep} from '../../src/kernel/wasm-step.js';
import {Random} from '../../src/random.js';
import {
  NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS, THETA_SIZE, thetaEntry,
} from '../../src/rules/tensor-lstm/spec.js';

/** One variable with its slots. */
export interface VariableState {
  readonly shape: readonly number[];
  readonly parameter: Float32Array;
  readonly slots: Float32Array;
  readonly tensorSlots: Float32Array;
  readonly weightDecay: number;
}

/** All that a runner changes. */
export interface State {
  readonly lossSlots: Float32Array;
  readonly variables: readonly VariableState[];
}

/** Makes one step, in place. */
export type Runner = (state: State, gradients: readonly Float32Array[], loss: number | undefined, options: StepOptions) => void;

/** What a golden run varies. */
export interface Scenario extends Partial<Omit<StepOptions, 'time'>> {
  readonly title: string;
  /** Steps made before the run. */
  readonly startTime?: number;
  readonly withLoss?: boolean;
  readonly weightDecay?: number;
}

/** Ranks 0 to 5; sizes below, at and off multiples of the kernel's vectors and blocks; one of size 0. */
export const SHAPES: ReadonlyArray<readonly number[]> = [
  [], [1], [3], [5], [7], [13, 1], [8, 8], [127], [10, 103], [0, 4], [2, 3, 5], [3, 3, 2, 4], [1, 2, 3, 2, 2], [2], [4, 3], [33, 67],
];

/** A theta far from the untrained one. */
export function randomTheta(seed: number, deviation = 0.1): Float32Array {
  const theta = new Random(seed).normals(THETA_SIZE, deviation);
  theta[thetaEntry('guard').offset] = 2;
  theta[thetaEntry('cooldown').offset] = 1.25;
  theta[thetaEntry('decay').offset] = 0.75;
  return theta;
}

/** Variables without a past; every fourth one is zero-initialised, as biases are. */
export function newState(seed: number, shapes: ReadonlyArray<readonly number[]>, weightDecay = 0): State {
  const random = new Random(seed);
  return {
    lossSlots: new Float32Array(NUM_LOSS_SLOTS),
    variables: shapes.map((shape, i) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return {
        shape,
        parameter: random.normals(size, i % 4 === 3 ? 0 : random.logUniform(0.01, 3)),
        slots: new Float32Array(NUM_PARAMETER_SLOTS * size),
        tensorSlots: new Float32Array(NUM_TENSOR_SLOTS),
        weightDecay: i % 2 === 0 ? weightDecay : 0,
      };
    }),
  };
}

/** Gradients of one step after the other: scales from 1e-6 to 1e6, drifting and jumping, whole rows of zeros. */
export function* gradientsOf(seed: number, shapes: ReadonlyArray<readonly number[]>): Generator<Float32Array[], never> {
  const random = new Random(seed);
  const scales = shapes.map(() => random.logUniform(1e-6, 1e6));
  for (;;) {
    yield shapes.map((shape, i) => {
      const size = shape.reduce((a, b) => a * b, 1), row = shape.at(-1) ?? 1;
      scales[i]! *= Math.exp(0.2 * random.normal()) * (random.chance(0.03) ? random.logUniform(0.1, 10) : 1);
      const gradient = random.normals(size, scales[i]), isSparse = i % 3 === 1;
      for (let start = 0; start < size; start += row) {
        if (isSparse && random.chance(0.5)) gradient.fill(0, start, start + row);
      }
      return gradient;
    });
  }
}

/** A loss that falls, with noise, and leaps up twice, so that the guard acts. */
export function lossAt(seed: number, step: number): number {
  const noise = 1 + 0.1 * new Random(seed).fork(step).normal();
  return 2.3 * Math.exp(-step / 20) * noise * (step % 30 >= 22 && step % 30 < 27 ? 6 : 1);
}

/** Plain JavaScript. */
export const runJs: Runner = (state, gradients, loss, options) => {
  const steps = state.variables.map((v, i) => ({...v, gradient: gradients[i]!, output: v.parameter}));
  stepArrays(thetaOf(state), state.lossSlots, loss, steps, options);
};

const thetas = new WeakMap<State, Float32Array>();
/** Runners take theta from the state that they step. */
export function withTheta(state: State, theta: Float32Array): State {
  thetas.set(state, theta);
  return state;
}
function thetaOf(state: State): Float32Array {
  const theta = thetas.get(state);
  if (theta === undefined) throw new Error('Expected a state made by withTheta.');
  return theta;
}

/** tf ops, on the current backend. */
export const runOps: Runner = (state, gradients, loss, options) => {
  const {lossSlots, steps} = tf.tidy(() => {
    const inputs = state.variables.map((v, i) => ({
      parameter: tf.tensor(v.parameter, [...v.shape]),
      gradient: tf.tensor(gradients[i]!, [...v.shape]),
      slots: tf.tensor2d(v.slots, [NUM_PARAMETER_SLOTS, v.parameter.length]),
      tensorSlots: tf.tensor1d(v.tensorSlots),
      weightDecay: v.weightDecay,
    }));
    const result = stepOps(tf.tensor1d(thetaOf(state)), tf.tensor1d(state.lossSlots), loss === undefined ? undefined : tf.scalar(loss), inputs, options);
    return {...result};
  });
  state.lossSlots.set(lossSlots.dataSync());
  steps.forEach((step, i) => {
    const variable = state.variables[i]!;
    variable.parameter.set(step.parameter.dataSync());
    variable.slots.set(step.slots.dataSync());
    variable.tensorSlots.set(step.tensorSlots.dataSync());
    tf.dispose([step.parameter, step.slots, step.tensorSlots]);
  });
  lossSlots.dispose();
};

/** The fused wasm kernel, in a memory of its own. */
export const runWasm = runWasmOn(() => new OwnHeap());

/** The fused wasm kernel, on a heap that is made for each step. */
export function runWasmOn(makeHeap: () => Heap): Runner {
  return (state, gradients, loss, options) => stepOnHeap(makeHeap(), state, gradients, loss, options);
}

function stepOnHeap(heap: Heap, ...[state, gradients, loss, options]: Parameters<Runner>): void {
  const kernel = new WasmStep(heap), theta = thetaOf(state);
  const put = (values: Float32Array): number => {
    const pointer = heap.allocate(values.length);
    floatsAt(heap, pointer, values.length).set(values);
    return pointer;
  };
  const active = state.variables.flatMap((variable, i) => {
    if (variable.parameter.length === 0) return [];
    const size = variable.parameter.length, parameter = put(variable.parameter), gradient = put(gradients[i]!);
    const step: PointerStep = {
      parameter, gradient, size, output: parameter, slots: put(variable.slots), tensorSlots: put(variable.tensorSlots),
      shape: variable.shape, weightDecay: variable.weightDecay,
      gradientSquares: kernel.sumSquares(gradient, size), parameterSquares: kernel.sumSquares(parameter, size),
    };
    return [{variable, step}];
  });
  kernel.run(theta, state.lossSlots, loss, active.map(({step}) => step), options);
  for (const {variable, step} of active) {
    variable.parameter.set(floatsAt(heap, step.output, step.size));
    variable.slots.set(floatsAt(heap, step.slots, variable.slots.length));
    variable.tensorSlots.set(floatsAt(heap, step.tensorSlots, variable.tensorSlots.length));
  }
}

/** Runs `numSteps` steps of a scenario and returns the state after them. */
export function runScenario(run: Runner, scenario: Scenario, numSteps: number, theta = randomTheta(11), seed = 5): State {
  const state = withTheta(newState(seed, SHAPES, scenario.weightDecay), theta), gradients = gradientsOf(seed + 1, SHAPES);
  for (let step = 0; step < numSteps; step++) {
    run(state, gradients.next().value, scenario.withLoss === false ? undefined : lossAt(seed, step), {
      time: (scenario.startTime ?? 0) + step,
      horizon: scenario.horizon ?? 0,
      learningRate: scenario.learningRate ?? 1,
      clipNorm: scenario.clipNorm,
      parameterScale: scenario.parameterScale ?? true,
    });
  }
  return state;
}

/** Root mean square; 0 for no numbers. */
export function rms(x: ArrayLike<number>): number {
  return Math.sqrt(Array.from(x).reduce((sum, value) => sum + value * value, 0) / Math.max(x.length, 1));
}

/** Largest difference, in units of `scale`; 0 where nothing differs; infinite where anything is NaN. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>, scale: number): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest === 0 ? 0 : largest / scale;
}
