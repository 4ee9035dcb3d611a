import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {floatsAt, OwnHeap} from '../../src/kernel/heap.js';
import {WasmStep, type PointerStep} from '../../src/kernel/wasm-step.js';
import {Random} from '../../src/random.js';
import {NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS} from '../../src/rules/tensor-lstm/spec.js';
import {defaultTheta} from '../../src/theta/default-theta.js';
import {median, toDigits} from '../support/numbers.js';
import {takeTurns, timed} from '../support/turns.js';

interface Peaks {
  multiplyAdds(rounds: number): number;
  triad(to: number, a: number, b: number, c: number, n: number): void;
  fusedAdam(p: number, g: number, m: number, v: number, n: number, rate: number, c1: number, c2: number): void;
}

/** Float operations a parameter in kernel/tensor_lstm_apply.h, counted there; a square root and a division count one each. */
const OPERATIONS = 114;
/** Bytes a parameter: gradient read, parameter and three slots read and written; the check for non-finite gradients reads the gradient once more. */
const BYTES = 4 * (1 + 2 * (1 + NUM_PARAMETER_SLOTS) + 1), ADAM_BYTES = 4 * 7;
const SIZES = [10_000, 100_000, 1_000_000, 10_000_000], ROUNDS = 1_000_000, OPERATIONS_A_ROUND = 96, CALLS = 10_000;

/** The step kernel at one size beside the machine's limits, in nanoseconds a parameter. */
export interface RooflineRow {
  readonly numParams: number;
  readonly nsPerParam: number;
  /** Of a fused Adam loop in the same module. */
  readonly fusedAdamNsPerParam: number;
  readonly againstFusedAdam: number;
  readonly gigabytesPerSecond: number;
  readonly memoryLimitNs: number;
  readonly arithmeticLimitNs: number;
  readonly adamMemoryLimitNs: number;
}

/** What {@link measureRoofline} finds. */
export interface Roofline {
  readonly operationsPerParam: number;
  readonly bytesPerParam: number;
  /** Peak of the machine, in billions of operations a second. */
  readonly gigaflops: number;
  /** One call from JavaScript into the module, in nanoseconds; a step makes three for each variable. */
  readonly callNs?: number;
  readonly rows: readonly RooflineRow[];
}

/**
 * Measures the step kernel beside the peaks of the machine, in turn in one wasm module.
 * @param seconds At each size.
 * @param maxParams Larger sizes are left out.
 * @throws Error where there is no clang-19 to build the module.
 */
export async function measureRoofline(seconds: number, maxParams = Infinity): Promise<Roofline> {
  const module = buildModule(), rows: RooflineRow[] = [];
  let gigaflops = 0, callNs = Infinity;
  for (const size of SIZES.filter(size => size <= maxParams)) {
    const heap = new OwnHeap(), kernel = new WasmStep(heap, module), random = new Random(1);
    const peaks = new WebAssembly.Instance(module, {env: {memory: heap.memory}}).exports as unknown as Peaks;
    const put = (values: Float32Array): number => {
      const pointer = heap.allocate(values.length);
      floatsAt(heap, pointer, values.length).set(values);
      return pointer;
    };
    const parameter = put(random.normals(size, 0.1)), gradient = put(random.normals(size, 0.01)), slots = put(new Float32Array(NUM_PARAMETER_SLOTS * size));
    const m = put(new Float32Array(size)), v = put(new Float32Array(size)), tensorSlots = put(new Float32Array(NUM_TENSOR_SLOTS)), lossSlots = new Float32Array(NUM_LOSS_SLOTS);
    let steps = 0;
    const times = await takeTurns([
      () => {
        const step: PointerStep = {parameter, gradient, slots, output: parameter, tensorSlots, shape: [size], size, weightDecay: 0, gradientSquares: kernel.sumSquares(gradient, size), parameterSquares: 1};
        kernel.run(defaultTheta().values, lossSlots, 1, [step], {time: steps++, horizon: 1000, learningRate: 1, clipNorm: undefined, parameterScale: true});
      },
      () => peaks.fusedAdam(parameter, gradient, m, v, size, 1e-6, 1, 1),
      () => peaks.triad(m, parameter, gradient, v, size),
      () => peaks.multiplyAdds(ROUNDS / 10),
      () => {
        for (let i = 0; i < CALLS; i++) peaks.multiplyAdds(0);
      },
    ].map(timed), {seconds, minRounds: 5, warmUpRounds: 1});
    const [ours, adam, triad, peak, calls] = times.map(median) as [number, number, number, number, number];
    callNs = Math.min(callNs, calls * 1e6 / CALLS);
    gigaflops = Math.max(gigaflops, ROUNDS / 10 * OPERATIONS_A_ROUND / peak / 1e6);
    const ns = (ms: number): number => ms * 1e6 / size, bandwidth = 16 / ns(triad);
    rows.push({
      numParams: size, nsPerParam: round(ns(ours)), fusedAdamNsPerParam: round(ns(adam)), againstFusedAdam: round(ours / adam), gigabytesPerSecond: round(bandwidth),
      memoryLimitNs: round(BYTES / bandwidth), arithmeticLimitNs: round(OPERATIONS / (OPERATIONS_A_ROUND * ROUNDS / 10 / peak / 1e6)), adamMemoryLimitNs: round(ADAM_BYTES / bandwidth),
    });
  }
  return {operationsPerParam: OPERATIONS, bytesPerParam: BYTES, gigaflops: round(gigaflops), callNs: round(callNs), rows};
}

function round(value: number): number {
  return toDigits(value, 3);
}

function buildModule(): WebAssembly.Module {
  const folder = mkdtempSync(join(tmpdir(), 'l2o-')), out = join(folder, 'module.wasm');
  try {
    execFileSync('clang-19', [
      '--target=wasm32', '-O3', '-msimd128', '-mbulk-memory', '-nostdlib', '-std=c17', '-ffp-contract=off', '-fuse-ld=/usr/bin/wasm-ld-19', '-Wl,--no-entry',
      '-Wl,--max-memory=4294967296', '-Wl,--import-memory', '-Wl,-z,stack-size=0', '-Wl,--global-base=0', '-o', out, fileURLToPath(new URL('../roofline/peaks.c', import.meta.url)),
    ]);
    return new WebAssembly.Module(new Uint8Array(readFileSync(out)));
  } finally {
    rmSync(folder, {recursive: true});
  }
}
