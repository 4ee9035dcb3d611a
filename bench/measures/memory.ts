import * as tf from '@tensorflow/tfjs-core';
import {selectRunner} from '../../src/kernel/select-runner.js';
import {Random} from '../../src/random.js';
import {toDecimals} from '../support/numbers.js';
import {makeContender, settle, type Contender} from './contenders.js';
import type {StepSize} from './step-cost.js';

/** What an optimizer keeps, and what it leaves behind. */
export interface MemoryUse extends StepSize {
  readonly optimizer: Contender;
  /** Floats a parameter that are saved with the optimizer, all its state and weights of its own. */
  readonly stateFloatsPerParam: number;
  /** Floats a parameter in tensors of TF.js that it added, by `tf.memory()`. */
  readonly tensorFloatsPerParam: number;
  /** Bytes a step by which `tf.memory()` grew over {@link STEPS} steps, after the first ones. */
  readonly tensorGrowthPerStep: number;
  /** The same of the WebAssembly memory in which state and scratch room of host backends are. */
  readonly wasmGrowthPerStep: number;
  /** The same of JavaScript's heap after garbage collection, where Node tells it. */
  readonly heapGrowthPerStep?: number;
}

/** Reads JavaScript's heap after garbage collection, in bytes. */
export type HeapReader = () => Promise<number>;

const FIRST_STEPS = 5, STEPS = 25;

/** Measures what an optimizer keeps on the current backend. */
export async function measureMemory(optimizerName: Contender, {numParams, numVariables}: StepSize, readHeap?: HeapReader): Promise<MemoryUse> {
  const size = numParams / numVariables, random = new Random(1);
  const variables = Array.from({length: numVariables}, () => tf.tidy(() => tf.variable(tf.tensor1d(random.normals(size, 0.1)))));
  const gradients = variables.map(({name}) => ({name, tensor: tf.tensor1d(random.normals(size, 0.01))}));
  const before = tf.memory().numBytes, optimizer = makeContender(optimizerName);
  const step = async (times: number): Promise<{tensors: number; wasm: number; heap: number | undefined}> => {
    for (let i = 0; i < times; i++) optimizer.applyGradients(gradients);
    await settle(variables.at(-1)!);
    return {tensors: tf.memory().numBytes, wasm: wasmBytes(), heap: await readHeap?.()};
  };
  // What the first steps make once is not growth.
  await step(FIRST_STEPS);
  const early = await step(STEPS), late = await step(STEPS);
  const weights = await optimizer.getWeights(), saved = weights.reduce((sum, {tensor}) => sum + tensor.size, 0);
  optimizer.dispose();
  tf.dispose([variables, gradients.map(({tensor}) => tensor), weights.map(({tensor}) => tensor)]);
  const perParam = (floats: number): number => toDecimals(floats / numParams, 3), perStep = (bytes: number): number => toDecimals(bytes / STEPS, 1);
  return {
    optimizer: optimizerName, numParams, numVariables, stateFloatsPerParam: perParam(saved), tensorFloatsPerParam: perParam((early.tensors - before) / 4),
    tensorGrowthPerStep: perStep(late.tensors - early.tensors), wasmGrowthPerStep: perStep(late.wasm - early.wasm),
    ...(late.heap !== undefined && {heapGrowthPerStep: perStep(late.heap - early.heap!)}),
  };
}

/** Bytes of the memory on which the current backend's step runs; 0 on a GPU. */
function wasmBytes(): number {
  const runner = selectRunner(() => undefined);
  return runner.memoryBytes ?? 0;
}
