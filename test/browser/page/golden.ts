import * as tf from '@tensorflow/tfjs-core';
import type {StepOptions} from '../../../src/kernel/types.js';
import {selectRunner} from '../../../src/kernel/select-runner.js';
import {LOSS_SLOTS, NUM_LOSS_SLOTS, PARAMETER_SLOTS, TENSOR_SLOTS} from '../../../src/rules/tensor-lstm/spec.js';
import {distance, gradientsOf, lossAt, newState, randomTheta, rms, runJs, type Scenario, SHAPES, type State, withTheta} from '../../kernel/golden.js';

const SEED = 5;
const THETA = randomTheta(11);

/** How far two runs are apart, in units of each array's RMS. */
export interface Difference {
  readonly what: string;
  readonly distance: number;
}

function optionsAt(scenario: Scenario, step: number): StepOptions {
  return {
    time: (scenario.startTime ?? 0) + step, horizon: scenario.horizon ?? 0, learningRate: scenario.learningRate ?? 1,
    clipNorm: scenario.clipNorm, parameterScale: scenario.parameterScale ?? true,
  };
}

/** Steps of the runner of the current backend; the state is read at the end only. */
function runCurrent(scenario: Scenario, shapes: ReadonlyArray<readonly number[]>, numSteps: number): State {
  const runner = selectRunner(() => undefined), initial = newState(SEED, shapes, scenario.weightDecay), gradients = gradientsOf(SEED + 1, shapes);
  const variables = initial.variables.map(v => tf.tidy(() => tf.variable(tf.tensor(v.parameter, [...v.shape]))));
  const slots = variables.map(v => runner.createSlots(v.size)), lossSlots = runner.createLossSlots();
  for (let step = 0; step < numSteps; step++) {
    const tensors = gradients.next().value.map((g, i) => tf.tensor(g, [...shapes[i]!]));
    const loss = scenario.withLoss === false ? undefined : lossAt(SEED, step), given = loss === undefined || runner.readsLoss ? loss : tf.scalar(loss);
    const outcome = runner.step(THETA, variables.map((variable, i) => ({variable, gradient: tensors[i]!, slots: slots[i]!, weightDecay: initial.variables[i]!.weightDecay})),
      lossSlots, given, optionsAt(scenario, step));
    if (outcome.kind === 'deferred') outcome.made.dispose();
    if (typeof given === 'object') given.dispose();
    tf.dispose(tensors);
  }
  const state: State = {
    lossSlots: lossSlots.read(),
    variables: initial.variables.map((v, i) => ({...v, parameter: variables[i]!.dataSync<'float32'>().slice(), ...slots[i]!.read()})),
  };
  [...slots, lossSlots].forEach(s => s.dispose());
  tf.dispose(variables);
  return state;
}

function runTruth(scenario: Scenario, shapes: ReadonlyArray<readonly number[]>, numSteps: number): State {
  const state = withTheta(newState(SEED, shapes, scenario.weightDecay), THETA), gradients = gradientsOf(SEED + 1, shapes);
  for (let step = 0; step < numSteps; step++) runJs(state, gradients.next().value, scenario.withLoss === false ? undefined : lossAt(SEED, step), optionsAt(scenario, step));
  return state;
}

/** The runner of the current backend against the plain-JavaScript step: what differs most first. */
export function golden(scenario: Scenario, numSteps: number, shapes: ReadonlyArray<readonly number[]> = SHAPES): {runner: string; parameters: Difference[]; slots: Difference[]} {
  const actual = runCurrent(scenario, shapes, numSteps), expected = runTruth(scenario, shapes, numSteps);
  const parameters: Difference[] = [], slots: Difference[] = [];
  const compare = (list: Difference[], what: string, a: Float32Array, b: Float32Array): void => void list.push({what, distance: distance(a, b, rms(b))});
  Object.entries(LOSS_SLOTS).forEach(([name, at]) => compare(slots, name, actual.lossSlots.subarray(at, at + 1), expected.lossSlots.subarray(at, at + 1)));
  if (actual.lossSlots.length !== NUM_LOSS_SLOTS) throw new Error('loss slots are missing');
  expected.variables.forEach((variable, i) => {
    const other = actual.variables[i]!, name = `${i} [${variable.shape.join()}]`, size = variable.parameter.length;
    compare(parameters, name, other.parameter, variable.parameter);
    PARAMETER_SLOTS.forEach((slot, k) => compare(slots, `${name} ${slot}`, other.slots.subarray(k * size, (k + 1) * size), variable.slots.subarray(k * size, (k + 1) * size)));
    const starts = [...Object.values(TENSOR_SLOTS), variable.tensorSlots.length];
    Object.keys(TENSOR_SLOTS).forEach((slot, k) => compare(slots, `${name} ${slot}`, other.tensorSlots.subarray(starts[k], starts[k + 1]), variable.tensorSlots.subarray(starts[k], starts[k + 1])));
  });
  for (const list of [parameters, slots]) list.sort((a, b) => b.distance - a.distance);
  return {runner: selectRunner(() => undefined).name, parameters: parameters.slice(0, 5), slots: slots.slice(0, 8)};
}

/** Names of what is not finite after steps with gradients that overflow or underflow when squared. */
export function extremes(): string[] {
  const shapes = [[], [7], [3, 43]], runner = selectRunner(() => undefined), gradients = gradientsOf(2, shapes), bad: string[] = [];
  for (const scale of [1e-44, 1e-30, 1e-20, 1e-15, 1e17]) {
    const variables = newState(1, shapes).variables.map(v => tf.tidy(() => tf.variable(tf.tensor(v.parameter, [...v.shape]))));
    const slots = variables.map(v => runner.createSlots(v.size)), lossSlots = runner.createLossSlots();
    for (let time = 0; time < 6; time++) {
      // Norms of 1 times the scale, with one step of zeros.
      const tensors = gradients.next().value.map((g, i) => tf.tensor(g.map(x => (time === 3 ? 0 : (x * scale) / (rms(g) || 1))), [...shapes[i]!]));
      const loss = time === 1 ? 1e15 : 0, given = runner.readsLoss ? loss : tf.scalar(loss);
      const outcome = runner.step(THETA, variables.map((variable, i) => ({variable, gradient: tensors[i]!, slots: slots[i]!, weightDecay: 0})), lossSlots, given, optionsAt({title: ''}, time));
      if (outcome.kind !== 'made' && (outcome.kind === 'skipped' || outcome.made.dataSync()[0] !== 1)) bad.push(`step ${time} at ${scale} was skipped`);
    }
    const arrays = [lossSlots.read(), ...variables.flatMap((v, i) => [v.dataSync<'float32'>(), ...Object.values(slots[i]!.read()) as Float32Array[]])];
    arrays.forEach((array, i) => {
      if (!array.every(Number.isFinite)) bad.push(`array ${i} at ${scale}`);
    });
  }
  return bad;
}
