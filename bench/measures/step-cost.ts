import * as tf from '@tensorflow/tfjs-core';
import {Random} from '../../src/random.js';
import {median, toDecimals, toDigits} from '../support/numbers.js';
import {takeTurns, timed, type Effort} from '../support/turns.js';
import {CONTENDERS, makeContender, settle, type Contender} from './contenders.js';

/** Parameters in all, and the number of variables that they are spread over evenly. */
export interface StepSize {
  readonly numParams: number;
  readonly numVariables: number;
}

/** What one step costs, in nanoseconds a parameter: medians over `turns`, in which the optimizers alternate on the same gradients. */
export interface StepCost extends StepSize {
  readonly nsPerParam: number;
  readonly adamNsPerParam: number;
  readonly sgdNsPerParam: number;
  /** Ours over Adam's. */
  readonly ratio: number;
  readonly turns: number;
}

/** A turn makes so many steps on this many parameters together, so that reading the clock and waiting for the result count little. */
const PARAMS_A_TURN = 200_000;
/** On a device the way there and back counts more. */
const MIN_STEPS_ON_DEVICE = 4;
const FEW_PARAMS = 1_000_000;

/** Measures a step of each optimizer on the current backend. */
export async function measureStep({numParams, numVariables}: StepSize, effort: Effort): Promise<StepCost> {
  const size = numParams / numVariables, random = new Random(1);
  // By an op, so that they are where the backend has its tensors.
  const gradients = Array.from({length: numVariables}, () => tf.tidy(() => tf.neg(tf.tensor1d(random.normals(size, 0.01))))), steps = stepsATurn(numParams);
  const prepare = (name: Contender): {turn: () => Promise<number>; dispose: () => void} => {
    const optimizer = makeContender(name), variables = gradients.map(() => tf.tidy(() => tf.variable(tf.tensor1d(random.normals(size, 0.1)))));
    const named = variables.map((variable, i) => ({name: variable.name, tensor: gradients[i]!}));
    return {
      turn: timed(async () => {
        for (let i = 0; i < steps; i++) {
          optimizer.applyGradients(named);
          takeUp(variables);
        }
        await settle(variables.at(-1)!);
      }),
      dispose: () => {
        optimizer.dispose();
        tf.dispose(variables);
      },
    };
  };
  const sets = CONTENDERS.map(prepare), times = await takeTurns(sets.map(set => set.turn), effort);
  sets.forEach(set => set.dispose());
  tf.dispose(gradients);
  const [ours, adam, sgd] = times.map(median) as [number, number, number];
  const ns = (milliseconds: number): number => toDecimals(milliseconds * 1e6 / steps / numParams, 2);
  return {numParams, numVariables, nsPerParam: ns(ours), adamNsPerParam: ns(adam), ratio: toDigits(ours / adam, 4), sgdNsPerParam: ns(sgd), turns: times[0]!.length};
}

/** Uses variables as the next forward pass does: tfjs-node hands new values to TensorFlow only then, and no time is hidden. */
function takeUp(variables: readonly tf.Variable[]): void {
  if (tf.getBackend() === 'tensorflow') tf.tidy(() => variables.forEach(variable => tf.slice(variable, 0, 1)));
}

function stepsATurn(numParams: number): number {
  const isOnDevice = ['webgl', 'webgpu'].includes(tf.getBackend());
  return Math.max(isOnDevice && numParams <= FEW_PARAMS ? MIN_STEPS_ON_DEVICE : 1, Math.round(PARAMS_A_TURN / numParams));
}
