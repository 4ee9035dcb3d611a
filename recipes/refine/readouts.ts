/**
 * What the LSTM of `tensor-lstm` knows of a run: linear functions of its hidden state that tell, across tasks and times, how far the
 * loss has come down, which part of the run is over, and more.
 *
 *     npx tsx recipes/refine/readouts.ts      fits them to the theta of weights/tensor-lstm/theta.bin, and writes readouts.json beside it
 */
import {writeFileSync} from 'node:fs';
import {Random} from '../../src/random.js';
import {RolloutEngine} from '../../src/rollout/engine.js';
import {NUM_HIDDEN, NUM_TENSOR_SLOTS} from '../../src/rules/tensor-lstm/spec.js';
import {readBestTheta} from '../tensor-lstm-checkpoint.js';
import {sampleTask} from '../tensor-lstm-family.js';
import {READOUTS_FILE} from './directions.js';

/** A linear function of the hidden state with mean 0 and deviation 1 over runs. */
export interface Readout {
  readonly weights: readonly number[];
  readonly bias: number;
  /** Share of the quantity's variance that it tells. */
  readonly explained: number;
}

/** What is read: the log loss ratio, the share of a planned run that is over, whether there is a plan, time, and two traits of the tensor. */
const NAMES = ['progress', 'fraction', 'hasHorizon', 'logTime', 'isMatrix', 'logSize'] as const;
type Sample = Readonly<Record<(typeof NAMES)[number], number | undefined>> & {readonly hidden: Float32Array};

const SEED = 5150, NUM_TASKS = 300, RIDGE = 0.003;
/** Shares of a run after which its hidden states are looked at. */
const LOOKS = [0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97];
const PROGRESS_FLOOR = 1e-3, PROGRESS_RANGE = [-7, 1] as const, LAST = 10;

function collect(theta: Float32Array): Sample[] {
  const engine = RolloutEngine.create(), root = new Random(SEED), samples: Sample[] = [];
  for (let i = 0; i < NUM_TASKS; i++) {
    const {problem, steps} = sampleTask(root.fork(i)), loaded = engine.load(problem), horizon = i % 3 === 0 ? 0 : steps, {parameters} = problem;
    const rollout = engine.start(loaded, {rule: 'tensor-lstm', learningRate: 1, horizon, hasLoss: true, parameterScale: true}), losses = new Float32Array(steps);
    rollout.setTheta(theta);
    let done = 0;
    for (const at of LOOKS.map(share => Math.max(1, Math.round(share * steps)))) {
      done += rollout.run(at - done, losses.subarray(done, at));
      if (done < at) break;
      const slots = rollout.snapshot().pieces.find(piece => piece.length === NUM_TENSOR_SLOTS * parameters.length)!, lately = losses.subarray(Math.max(0, done - LAST), done);
      const ratio = lately.reduce((a, b) => a + b, 0) / lately.length / losses[0]!, progress = Math.log(Math.max(ratio, 0) + PROGRESS_FLOOR);
      parameters.forEach(({shape, values}, k) => samples.push({
        hidden: slots.slice(k * NUM_TENSOR_SLOTS, k * NUM_TENSOR_SLOTS + NUM_HIDDEN),
        progress: losses[0]! > 0 ? Math.min(Math.max(progress, PROGRESS_RANGE[0]), PROGRESS_RANGE[1]) : undefined,
        fraction: horizon > 0 ? done / steps : undefined, hasHorizon: Number(horizon > 0), logTime: Math.log(done),
        isMatrix: Number(shape.length > 1), logSize: Math.log(values.length),
      }));
    }
    rollout.dispose();
    loaded.dispose();
  }
  return samples;
}

/** Ridge regression of the standardised `values` on `rows`. */
function regress(rows: readonly Float32Array[], values: readonly number[]): Readout {
  const count = values.length, mean = values.reduce((a, b) => a + b, 0) / count, deviation = Math.sqrt(values.reduce((sum, y) => sum + (y - mean) ** 2, 0) / count);
  const size = NUM_HIDDEN + 1, matrix = Array.from({length: size}, () => new Float64Array(size + 1)), at = (row: Float32Array, k: number): number => row[k] ?? 1;
  const target = (i: number): number => (values[i]! - mean) / deviation;
  rows.forEach((row, i) => {
    for (let a = 0; a < size; a++) {
      for (let b = 0; b < size; b++) matrix[a]![b]! += at(row, a) * at(row, b);
      matrix[a]![size]! += at(row, a) * target(i);
    }
  });
  for (let a = 0; a < NUM_HIDDEN; a++) matrix[a]![a]! += RIDGE * count;
  const solution = solve(matrix), predicted = (row: Float32Array): number => solution.reduce((sum, weight, k) => sum + weight * at(row, k), 0);
  const explained = 1 - rows.reduce((sum, row, i) => sum + (target(i) - predicted(row)) ** 2, 0) / count;
  return {weights: solution.slice(0, NUM_HIDDEN), bias: solution[NUM_HIDDEN]!, explained};
}

/** Solves a positive definite system by elimination; the last column is the right side. */
function solve(matrix: readonly Float64Array[]): number[] {
  const size = matrix.length;
  for (let pivot = 0; pivot < size; pivot++) {
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue;
      const factor = matrix[row]![pivot]! / matrix[pivot]![pivot]!;
      for (let k = pivot; k <= size; k++) matrix[row]![k]! -= factor * matrix[pivot]![k]!;
    }
  }
  return matrix.map((row, i) => row[size]! / row[i]!);
}

const samples = collect(readBestTheta());
const readouts = Object.fromEntries(NAMES.map(name => {
  const known = samples.filter(sample => sample[name] !== undefined);
  return [name, regress(known.map(({hidden}) => hidden), known.map(sample => sample[name]!))];
}));
writeFileSync(READOUTS_FILE, `${JSON.stringify(readouts)}\n`);
for (const [name, {explained}] of Object.entries(readouts)) console.log(`${name}: ${(100 * explained).toFixed(0)} % of the variance`);
