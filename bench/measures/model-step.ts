import {getBackend} from '@tensorflow/tfjs-core';
import {registerWasmTrainingKernels} from '../../src/index.js';
import {median, toDecimals, toDigits} from '../support/numbers.js';
import {takeTurns, timed, type Effort} from '../support/turns.js';
import {CONTENDERS, makeContender} from './contenders.js';
import {MODELS, type ModelName} from './models.js';

/** What one whole training step costs, gradients and the loss read back included: medians in milliseconds over `turns`, in which the optimizers alternate. */
export interface ModelCost {
  readonly model: ModelName;
  readonly numParams: number;
  readonly msPerStep: number;
  readonly adamMsPerStep: number;
  readonly sgdMsPerStep: number;
  /** Ours over Adam's, and over plain gradient descent's. */
  readonly ratio: number;
  readonly ratioToSgd: number;
  readonly turns: number;
}

/** Measures a training step of the model with each optimizer on the current backend; on wasm with our training kernels. */
export async function measureModel(model: ModelName, effort: Effort): Promise<ModelCost> {
  if (getBackend() === 'wasm') registerWasmTrainingKernels();
  const sets = CONTENDERS.map(name => {
    const optimizer = makeContender(name);
    return {optimizer, trainee: MODELS[model].open(optimizer)};
  });
  const times = await takeTurns(sets.map(({trainee}) => timed(() => trainee.step())), effort);
  for (const [i, {optimizer, trainee}] of sets.entries()) {
    const loss = await trainee.step();
    if (!Number.isFinite(loss)) throw new Error(`${model}: the loss under ${CONTENDERS[i]!} is ${loss}: its step was not measured as one that trains`);
    optimizer.dispose();
    trainee.dispose();
  }
  const [ours, adam, sgd] = times.map(median) as [number, number, number], {numParams} = sets[0]!.trainee, ms = (value: number): number => toDigits(value, 4);
  return {
    model, numParams, msPerStep: ms(ours), adamMsPerStep: ms(adam), sgdMsPerStep: ms(sgd),
    ratio: toDecimals(ours / adam, 3), ratioToSgd: toDecimals(ours / sgd, 3), turns: times[0]!.length,
  };
}
