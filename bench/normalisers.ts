/**
 * Normalisers of this step (a second pass over memory) or of the last? Meta-trains both variants of the rule from the
 * same start on the same tasks for the same number of outer steps, and prints the validation score of each.
 *
 *     npx tsx bench/normalisers.ts last|fresh [outer steps] [seed]
 *     npx tsx bench/normalisers.ts cost     nanoseconds a parameter of both step kernels, in turn in one run
 *
 * Needs clang-19 (the fresh variant is built here and never shipped).
 */
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {floatsAt, OwnHeap} from '../src/kernel/heap.js';
import {WasmStep, type PointerStep} from '../src/kernel/wasm-step.js';
import {initialOuterState, Trainer} from '../src/meta/trainer.js';
import {runTask} from '../src/meta/validation.js';
import {Random} from '../src/random.js';
import {RolloutEngine} from '../src/rollout/engine.js';
import {initialTheta} from '../src/rules/tensor-lstm/initial-theta.js';
import {NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS} from '../src/rules/tensor-lstm/spec.js';
import {defaultTheta} from '../src/theta/default-theta.js';
import {HORIZONS, sampleTask} from '../recipes/tensor-lstm-family.js';

const [variant = 'last', outerSteps = '2000', seed = '1'] = process.argv.slice(2);
const OWN_MEMORY = ['--initial-memory=1048576', '-z,stack-size=65536'], FOREIGN_MEMORY = ['--import-memory', '-z,stack-size=0', '--global-base=0'];

/** Builds a C source with the statistics of the last or of this step. */
function build(source: string, statistics: string, linkerFlags: readonly string[]): Uint8Array<ArrayBuffer> {
  const out = join(mkdtempSync(join(tmpdir(), 'l2o-')), 'module.wasm');
  execFileSync('clang-19', [
    '--target=wasm32', '-O3', '-msimd128', '-mbulk-memory', '-nostdlib', '-std=c17', '-ffp-contract=off', ...(statistics === 'fresh' ? ['-DTL_FRESH_STATISTICS'] : []),
    '-fuse-ld=/usr/bin/wasm-ld-19', '-Wl,--no-entry', '-Wl,--max-memory=4294967296', ...linkerFlags.map(flag => `-Wl,${flag}`), '-o', out,
    fileURLToPath(new URL(`../kernel/${source}`, import.meta.url)),
  ]);
  return new Uint8Array(readFileSync(out));
}

/** Prints what a step of each variant costs: the medians of rounds in which both take turns. */
function cost(): void {
  const rows = [200_000, 2_000_000].map(size => {
    const kernels = ['last', 'fresh'].map(statistics => {
      const heap = new OwnHeap(), kernel = new WasmStep(heap, new WebAssembly.Module(build('step.c', statistics, FOREIGN_MEMORY))), random = new Random(1);
      const put = (values: Float32Array): number => {
        const pointer = heap.allocate(values.length);
        floatsAt(heap, pointer, values.length).set(values);
        return pointer;
      };
      const parameter = put(random.normals(size, 0.1)), gradient = put(random.normals(size, 0.01)), slots = put(new Float32Array(NUM_PARAMETER_SLOTS * size));
      const step: PointerStep = {
        parameter, gradient, slots, output: parameter, tensorSlots: put(new Float32Array(NUM_TENSOR_SLOTS)), shape: [size], size, weightDecay: 0,
        gradientSquares: kernel.sumSquares(gradient, size), parameterSquares: kernel.sumSquares(parameter, size),
      };
      const lossSlots = new Float32Array(NUM_LOSS_SLOTS), times: number[] = [];
      return {times, step(time: number): void {
        const start = performance.now();
        kernel.run(defaultTheta().values, lossSlots, 1, [step], {time, horizon: 1000, learningRate: 1, clipNorm: undefined, parameterScale: true});
        times.push((performance.now() - start) * 1e6 / size);
      }};
    });
    for (let time = 0; time < 120; time++) kernels.forEach(k => k.step(time));
    const [last, fresh] = kernels.map(({times}) => Number(times.slice(20).sort((a, b) => a - b)[50]!.toFixed(2)));
    return {size, lastNsPerParam: last, freshNsPerParam: fresh};
  });
  console.log(JSON.stringify(rows));
}

/** Meta-trains the variant and prints its score on held-out tasks as it goes. */
async function quality(total: number): Promise<void> {
  const bytes = build('engine.c', variant, OWN_MEMORY), engine = RolloutEngine.create(bytes);
  const tasks = Array.from({length: 40}, (_, i) => sampleTask(new Random(4242).fork(i)));
  const validate = (theta: Float32Array): {curve: number; final: number} => {
    const results = tasks.map(task => runTask(engine, task, {rule: 'tensor-lstm', learningRate: 1, theta}));
    const mean = (f: (r: (typeof results)[number]) => number): number => results.reduce((sum, r) => sum + f(r), 0) / results.length;
    return {curve: mean(r => r.curve), final: mean(r => r.final)};
  };
  const trainer = new Trainer({
    family: new URL('../recipes/tensor-lstm-family.ts', import.meta.url), seed: Number(seed), numPairs: 12, workers: 1, windowSteps: 50,
    estimator: {kind: 'nres', sigma: 0.01, maxDifference: 0.5, signOnly: false, stagger: true}, objective: {kind: 'logLoss', over: 'mean', on: 'train'},
    horizons: () => HORIZONS, learningRate: k => 2e-3 * Math.min(1, k / 50) * Math.max(0.05, 1 - k / total), engine: bytes,
  }, initialOuterState(initialTheta(new Random(1), {step: 0.015, guard: 2})));
  await trainer.start();
  const started = performance.now();
  for (let k = 1; k <= total; k++) {
    const {objective} = await trainer.step();
    if (k % 200 !== 0) continue;
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(JSON.stringify({variant, seed: Number(seed), outerStep: k, objective, ...validate(trainer.state.theta), innerSteps: trainer.state.innerSteps, seconds}));
  }
  await trainer.stop();
}

if (variant === 'cost') cost();
else await quality(Number(outerSteps));
