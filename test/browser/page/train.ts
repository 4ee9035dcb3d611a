import * as tf from '@tensorflow/tfjs-core';
import {loadLayersModel, type LayersModel} from '@tensorflow/tfjs-layers';
import {L2OError, learnedOptimizer, loadTheta, registerWasmTrainingKernels, saveTheta, type LearnedOptimizer, type LearnedOptimizerOptions} from '../../../src/index.js';
import {apply, Bowl, minimize} from '../../contract/bowl.js';
import {conv, mlp} from '../../contract/tasks.js';

// TF.js itself cannot sum what has no elements on GPU backends; the golden test has such a variable.
const SHAPES = [[4, 3], [5], [], [2, 1, 3]];

/** Values of tensors as plain numbers. */
function valuesOf(tensors: readonly tf.Tensor[]): number[][] {
  return tensors.map(t => [...t.dataSync()]);
}

/** The largest difference, in units of the largest value of each array. */
function largestDifference(a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): number {
  return Math.max(...b.map((values, i) => {
    const scale = Math.max(...Array.from(values, Math.abs), 1e-30);
    return Math.max(0, ...Array.from(values, (x, j) => (Math.abs(x - a[i]![j]!) || (x === a[i]![j] ? 0 : Infinity)) / scale));
  }));
}

/** What an error says, for the test to look at. */
export interface Told {
  readonly code: string;
  readonly message: string;
}

function told(error: unknown): Told {
  return error instanceof L2OError ? {code: error.code, message: error.message} : {code: 'none', message: String(error)};
}

/** The error of `act`, or undefined. */
function errorOf(act: () => unknown): Told | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return told(error);
  }
}

async function fit(model: LayersModel, epochs: number): Promise<number[]> {
  const {x, y} = mlp.batch(0);
  const {history} = await model.fit(x, y, {epochs, batchSize: 8, shuffle: false, verbose: 0});
  tf.dispose([x, y] as tf.Tensor[]);
  return history.loss as number[];
}

/** `model.compile`, `fit`, save to IndexedDB, load, and on with both. */
export async function trainSaveResume(): Promise<{losses: number[]; className: string; iterations: number; difference: number; notices: string[]}> {
  const notices: string[] = [], optimizer = learnedOptimizer({numSteps: 20, onNotice: notice => void notices.push(notice)}), model = mlp.build();
  model.compile({optimizer, loss: mlp.loss});
  const losses = await fit(model, 8), url = `indexeddb://model-${tf.getBackend()}`;
  await model.save(url, {includeOptimizer: true});
  const restored = await loadLayersModel(url);
  await tf.io.removeModel(url);
  const className = restored.optimizer.getClassName();
  losses.push(...await fit(model, 4));
  await fit(restored, 4);
  const result = {
    losses, className, iterations: restored.optimizer.iterations, notices,
    difference: largestDifference(valuesOf(restored.getWeights()), valuesOf(model.getWeights())),
  };
  for (const m of [model, restored]) {
    m.optimizer.dispose();
    m.dispose();
  }
  return result;
}

/** Losses of a conv net, which wasm trains with our training kernels only. */
export async function fitConv(): Promise<number[]> {
  if (tf.getBackend() === 'wasm') registerWasmTrainingKernels();
  const optimizer = learnedOptimizer(), model = conv.build(), {x, y} = conv.batch(0);
  model.compile({optimizer, loss: conv.loss});
  const {history} = await model.fit(x, y, {epochs: 8, batchSize: 16, shuffle: false, verbose: 0});
  optimizer.dispose();
  model.dispose();
  tf.dispose([x, y] as tf.Tensor[]);
  return history.loss as number[];
}

async function collectGarbage(): Promise<void> {
  (globalThis as unknown as {gc(): void}).gc();
  await new Promise(resolve => setTimeout(resolve, 25));
}

/** Waits until what earlier scenarios have left for the garbage collector is gone: in the middle of a count it would be missing. */
async function settle(): Promise<void> {
  for (let calm = 0, last = -1; calm < 8; calm++) {
    await collectGarbage();
    const {numTensors} = tf.memory();
    if (numTensors !== last) calm = 0;
    last = numTensors;
  }
}

/** Tensors before anything, after a few steps, after many more, and after all has been disposed. */
export async function countTensors(): Promise<Record<'before' | 'early' | 'late' | 'after' | 'earlyBuffers' | 'lateBuffers', number>> {
  await settle();
  const before = tf.memory().numTensors, optimizer = learnedOptimizer(), model = mlp.build(), bowl = new Bowl(SHAPES), second = learnedOptimizer();
  model.compile({optimizer, loss: mlp.loss});
  await fit(model, 2);
  minimize(second, bowl, 0, 3);
  const early = tf.memory();
  await fit(model, 4);
  minimize(second, bowl, 3, 9);
  const late = tf.memory();
  // Other variables than in the step before, and one that the user has assigned to.
  second.minimize(() => bowl.loss(0, bowl.variables.slice(0, 2)), false, bowl.variables.slice(0, 2));
  tf.tidy(() => bowl.variables[0]!.assign(tf.ones([4, 3])));
  minimize(second, bowl, 9, 11);
  for (const thing of [optimizer, second, model, bowl]) thing.dispose();
  return {before, early: early.numTensors, late: late.numTensors, after: tf.memory().numTensors, earlyBuffers: early.numDataBuffers, lateBuffers: late.numDataBuffers};
}

function train(bowl: Bowl): void {
  minimize(learnedOptimizer({onNonFinite: 'throw'}), bowl, 0, 2);
}

/** Tensors that optimizers leave behind which nobody has disposed, once they have been collected. */
export async function collect(): Promise<number> {
  const bowl = new Bowl(SHAPES);
  minimize(learnedOptimizer(), bowl, 0, 1);
  const before = tf.memory().numTensors;
  for (let i = 0; i < 5; i++) train(bowl);
  for (let i = 0; i < 40 && tf.memory().numTensors > before; i++) await collectGarbage();
  const left = tf.memory().numTensors - before;
  bowl.dispose();
  return left;
}

/** Saves theta to IndexedDB and loads it. */
export async function thetaRoundTrip(): Promise<{saved: string; loaded: string; recipe: string | undefined}> {
  const {theta} = learnedOptimizer();
  await saveTheta(theta, 'indexeddb://theta', {recipe: 'test'});
  const loaded = await loadTheta('indexeddb://theta');
  await tf.io.removeModel('indexeddb://theta');
  return {saved: theta.hash, loaded: loaded.theta.hash, recipe: loaded.metadata.recipe};
}

/** A run of 24 steps that stops at some of them to do something; what came of it, and what was said. */
async function run(between: (step: number, bowl: Bowl) => Promise<void> | void, options: LearnedOptimizerOptions = {}): Promise<{values: Float32Array[]; optimizer: LearnedOptimizer; notices: string[]}> {
  const notices: string[] = [], bowl = new Bowl(SHAPES);
  // Steps are short: long ones blow up rounding, whatever theta the package happens to ship.
  const optimizer = learnedOptimizer({numSteps: 60, learningRate: 0.2, clipNorm: 1, weightDecay: 0.1, onNotice: notice => void notices.push(notice), ...options});
  for (let step = 0; step < 24; step++) {
    await between(step, bowl);
    if (step % 8 === 7) apply(optimizer, bowl, step);
    else minimize(optimizer, bowl, step, step + 1);
  }
  const values = bowl.values();
  bowl.dispose();
  return {values, optimizer, notices};
}

/** The current backend's run against that of cpu. */
export async function againstCpu(): Promise<{difference: number; notices: string[]}> {
  const name = tf.getBackend(), own = await run(() => undefined);
  await tf.setBackend('cpu');
  const other = await run(() => undefined);
  await tf.setBackend(name);
  [own, other].forEach(r => r.optimizer.dispose());
  return {difference: largestDifference(own.values, other.values), notices: own.notices};
}

/** A run that moves to another backend and back again against one that stays, and one in which some variables rest for a while. */
export async function moved(to: string): Promise<{difference: number; notices: string[]}> {
  const name = tf.getBackend(), staying = await run(() => undefined);
  const moving = await run(async step => {
    if (step % 6 === 5) await tf.setBackend(step % 12 === 5 ? to : name);
  });
  await tf.setBackend(name);
  [staying, moving].forEach(r => r.optimizer.dispose());
  return {difference: largestDifference(moving.values, staying.values), notices: moving.notices};
}

/** A run in the middle of which the wasm backend's memory grows, against one without. */
export async function grown(): Promise<{growths: number; difference: number}> {
  const {wasm} = tf.backend() as unknown as {wasm: {readonly HEAPU8: Uint8Array}}, held: tf.Tensor[] = [];
  let growths = 0;
  const staying = await run(() => undefined);
  const growing = await run(step => {
    if (step !== 10) return;
    const {length} = wasm.HEAPU8;
    for (let size = 1 << 16; wasm.HEAPU8.length === length; size *= 2) held.push(tf.fill([size], 1));
    growths++;
  });
  tf.dispose(held);
  [staying, growing].forEach(r => r.optimizer.dispose());
  return {growths, difference: largestDifference(growing.values, staying.values)};
}

/** Values of variables that the user sets between two steps are those that the next step starts from. */
export async function assigned(): Promise<{own: number[][]; difference: number}> {
  const name = tf.getBackend(), set = (step: number, bowl: Bowl): void => {
    if (step === 10) tf.tidy(() => bowl.variables[1]!.assign(tf.tensor1d([9, 8, 7, 6, 5])));
  };
  const own = await run(set);
  await tf.setBackend('cpu');
  const other = await run(set);
  await tf.setBackend(name);
  [own, other].forEach(r => r.optimizer.dispose());
  return {own: own.values.map(v => [...v]), difference: largestDifference(own.values, other.values)};
}

/** Bad steps among good ones, skipped. */
export async function skips(): Promise<{skipped: number; read: number; restored: number; difference: number}> {
  const bad = async (step: number, bowl: Bowl): Promise<void> => {
    if (step % 6 !== 3) return;
    const [first] = [NaN, Infinity, -Infinity, 1e30], worst = [NaN, Infinity, -Infinity, first][step % 4]!;
    if (optimizer !== undefined) optimizer.minimize(() => tf.mul(bowl.loss(), worst), false, bowl.variables);
    await tf.nextFrame();
  };
  let optimizer: LearnedOptimizer | undefined;
  const bowls = [new Bowl(SHAPES), new Bowl(SHAPES)], values: Float32Array[][] = [];
  const optimizers = [learnedOptimizer(), learnedOptimizer()];
  for (const [i, bowl] of bowls.entries()) {
    optimizer = i === 0 ? undefined : optimizers[1];
    for (let step = 0; step < 24; step++) {
      await bad(step, bowl);
      // Skipped steps count as time on devices that tell late, so nothing here depends on time.
      minimize(optimizers[i]!, bowl, step, step + 1);
    }
    values.push(bowl.values());
  }
  const second = learnedOptimizer(), weights = await optimizers[1]!.getWeights();
  await second.setWeights(weights);
  tf.dispose(weights.map(w => w.tensor));
  const read = await optimizers[1]!.readSkippedSteps();
  const result = {skipped: optimizers[1]!.skippedSteps, read, restored: second.skippedSteps, difference: largestDifference(values[1]!, values[0]!)};
  for (const thing of [...optimizers, second, ...bowls]) thing.dispose();
  return result;
}

/** With `onNonFinite: 'throw'`: at which step after the bad one the error came, and whether the bad one changed anything. */
export async function throws(waiting: boolean): Promise<{late: number; error: Told | undefined; changed: number; later: Told | undefined; tensors: number}> {
  const before = tf.memory().numTensors, bowl = new Bowl(SHAPES), optimizer = learnedOptimizer({onNonFinite: 'throw'});
  minimize(optimizer, bowl, 0, 3);
  const values = bowl.values();
  let late = 0, error = errorOf(() => optimizer.minimize(() => tf.mul(bowl.loss(), NaN), false, bowl.variables));
  const changed = largestDifference(bowl.values(), values);
  while (error === undefined && late < 3) {
    if (waiting) await new Promise(resolve => setTimeout(resolve, 50));
    late++;
    error = errorOf(() => minimize(optimizer, bowl, 3, 4));
  }
  const later = errorOf(() => minimize(optimizer, bowl, 4, 6));
  optimizer.dispose();
  bowl.dispose();
  return {late, error, changed, later, tensors: tf.memory().numTensors - before};
}

/** Steps until something is lost: what the next steps say, and what disposing says. */
export async function stepsAfter(lose: () => Promise<void>, onNonFinite: 'skip' | 'throw' = 'skip'): Promise<Record<'training' | 'step' | 'save' | 'count' | 'elsewhere' | 'disposing', Told | undefined>> {
  const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer({onNonFinite});
  const gradients = (): tf.NamedTensorMap => Object.fromEntries(bowl.variables.map(v => [v.name, tf.onesLike(v)]));
  optimizer.applyGradients(gradients());
  optimizer.applyGradients(gradients());
  // Made now: a disposed backend makes no more tensors.
  const ones = bowl.variables.map(v => ({name: v.name, tensor: tf.ones(v.shape)}));
  await lose();
  const training = errorOf(() => minimize(optimizer, bowl, 2, 3)), step = errorOf(() => optimizer.applyGradients(ones));
  const save = await optimizer.getWeights().then(() => undefined, told);
  const count = onNonFinite === 'throw' ? undefined : await optimizer.readSkippedSteps().then(() => undefined, told);
  await tf.setBackend('cpu');
  const elsewhere = await optimizer.getWeights().then(() => undefined, told);
  return {training, step, save, count, elsewhere, disposing: errorOf(() => optimizer.dispose())};
}
