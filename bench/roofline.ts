/**
 * How far the step kernel is from what the machine can do: arithmetic peak, memory bandwidth and a fused Adam loop, all in one
 * wasm module with the kernel, in turn in one run. Prints one JSON object.
 *
 *     npm run -s bench:roofline
 *
 * Needs clang-19.
 */
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {floatsAt, OwnHeap} from '../src/kernel/heap.js';
import {WasmStep, type PointerStep} from '../src/kernel/wasm-step.js';
import {Random} from '../src/random.js';
import {NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS} from '../src/rules/tensor-lstm/spec.js';
import {defaultTheta} from '../src/theta/default-theta.js';

interface Peaks {
  multiplyAdds(rounds: number): number;
  triad(to: number, a: number, b: number, c: number, n: number): void;
  fusedAdam(p: number, g: number, m: number, v: number, n: number, rate: number, c1: number, c2: number): void;
}

/** Float operations a parameter in kernel/tensor_lstm_apply.h, counted there; a square root and a division count one each. */
const OPERATIONS = 114;
/** Bytes a parameter: gradient read, parameter and three slots read and written; the check for non-finite gradients reads the gradient once more. */
const BYTES = 4 * (1 + 2 * (1 + NUM_PARAMETER_SLOTS) + 1), ADAM_BYTES = 4 * 7;
const SIZES = [10_000, 100_000, 1_000_000, 10_000_000], ROUNDS = 1_000_000, OPERATIONS_A_ROUND = 96;

const folder = mkdtempSync(join(tmpdir(), 'l2o-'));
const out = join(folder, 'module.wasm');
execFileSync('clang-19', [
  '--target=wasm32', '-O3', '-msimd128', '-mbulk-memory', '-nostdlib', '-std=c17', '-ffp-contract=off', '-fuse-ld=/usr/bin/wasm-ld-19', '-Wl,--no-entry',
  '-Wl,--max-memory=4294967296', '-Wl,--import-memory', '-Wl,-z,stack-size=0', '-Wl,--global-base=0', '-o', out, fileURLToPath(new URL('roofline/peaks.c', import.meta.url)),
]);
const module = new WebAssembly.Module(new Uint8Array(readFileSync(out)));
rmSync(folder, {recursive: true});

/** Median milliseconds of each, in turn. */
function time(runs: ReadonlyArray<() => void>, seconds: number): number[] {
  const times = runs.map((): number[] => []);
  runs.forEach(run => run());
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end || times[0]!.length < 5) {
    runs.forEach((run, i) => {
      const start = performance.now();
      run();
      times[i]!.push(performance.now() - start);
    });
  }
  return times.map(t => t.sort((a, b) => a - b)[t.length >> 1]!);
}

const round = (x: number): number => Number(x.toPrecision(3));
let gigaflops = 0;
const rows = SIZES.map(size => {
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
  const [ours, adam, triad, peak] = time([
    () => {
      const step: PointerStep = {parameter, gradient, slots, output: parameter, tensorSlots, shape: [size], size, weightDecay: 0, gradientSquares: kernel.sumSquares(gradient, size), parameterSquares: 1};
      kernel.run(defaultTheta().values, lossSlots, 1, [step], {time: steps++, horizon: 1000, learningRate: 1, clipNorm: undefined, parameterScale: true});
    },
    () => peaks.fusedAdam(parameter, gradient, m, v, size, 1e-6, 1, 1),
    () => peaks.triad(m, parameter, gradient, v, size),
    () => peaks.multiplyAdds(ROUNDS / 10),
  ], 2) as [number, number, number, number];
  gigaflops = Math.max(gigaflops, ROUNDS / 10 * OPERATIONS_A_ROUND / peak / 1e6);
  const ns = (ms: number): number => ms * 1e6 / size, bandwidth = 16 / ns(triad);
  return {
    numParams: size, nsPerParam: round(ns(ours)), fusedAdamNsPerParam: round(ns(adam)), againstFusedAdam: round(ours / adam), gigabytesPerSecond: round(bandwidth),
    memoryLimitNs: round(BYTES / bandwidth), arithmeticLimitNs: round(OPERATIONS / (OPERATIONS_A_ROUND * ROUNDS / 10 / peak / 1e6)), adamMemoryLimitNs: round(ADAM_BYTES / bandwidth),
  };
});
console.log(JSON.stringify({node: process.version, operationsPerParam: OPERATIONS, bytesPerParam: BYTES, gigaflops: round(gigaflops), rows}, null, 1));
