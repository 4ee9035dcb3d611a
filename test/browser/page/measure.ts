import * as tf from '@tensorflow/tfjs-core';
import {learnedOptimizer} from '../../../src/index.js';
import {Random} from '../../../src/random.js';

/** Steps between two waits for the device, which therefore count little. */
const STEPS_A_TURN = 4;
const WARM_UP = 2, MIN_TURNS = 5;

/** What a step costs, ours and Adam's in turn. */
export interface StepCost {
  readonly numParams: number;
  readonly numVariables: number;
  readonly nsPerParam: number;
  readonly adamNsPerParam: number;
  readonly ratio: number;
  readonly turns: number;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** Measures steps of our optimizer and of `tf.train.adam` in turn, on the current backend. */
export async function measureSteps(numParams: number, numVariables: number, seconds: number): Promise<StepCost> {
  const size = numParams / numVariables, random = new Random(1);
  const sets = [learnedOptimizer({numSteps: 1000}), tf.train.adam(1e-3, 0.9, 0.999, 1e-7)].map(optimizer => {
    const variables = Array.from({length: numVariables}, () => tf.tidy(() => tf.variable(tf.tensor1d(random.normals(size, 0.1)))));
    const gradients = variables.map(v => ({name: v.name, tensor: tf.tensor1d(random.normals(size, 0.01))}));
    const times: number[] = [];
    const turn = async (): Promise<void> => {
      const start = performance.now();
      for (let i = 0; i < STEPS_A_TURN; i++) optimizer.applyGradients(gradients);
      await variables.at(-1)!.data();
      times.push((performance.now() - start) / STEPS_A_TURN);
    };
    return {optimizer, variables, gradients, times, turn};
  });
  const [ours, adam] = sets as [(typeof sets)[0], (typeof sets)[0]];
  for (let i = 0; i < WARM_UP; i++) for (const set of sets) await set.turn();
  for (const set of sets) set.times.length = 0;
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end || ours.times.length < MIN_TURNS) for (const set of sets) await set.turn();
  for (const {optimizer, variables, gradients} of sets) {
    optimizer.dispose();
    tf.dispose([variables, gradients.map(g => g.tensor)]);
  }
  const ns = (times: readonly number[]): number => Math.round((median(times) * 1e8) / numParams) / 100;
  return {
    numParams, numVariables, nsPerParam: ns(ours.times), adamNsPerParam: ns(adam.times),
    ratio: Math.round((median(ours.times) / median(adam.times)) * 1000) / 1000, turns: ours.times.length,
  };
}
