/**
 * Normalisers of this step (a second pass over memory) or of the last? Meta-trains both variants of the rule from the
 * same start on the same tasks for the same number of outer steps, and prints the validation score of each.
 *
 *     npx tsx bench/normalisers.ts last|fresh [outer steps] [seed]
 *
 * Needs clang-19 (the fresh variant is built here and never shipped).
 */
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {initialOuterState, Trainer} from '../src/meta/trainer.js';
import {runTask} from '../src/meta/validation.js';
import {Random} from '../src/random.js';
import {RolloutEngine} from '../src/rollout/engine.js';
import {initialTheta} from '../src/rules/tensor-lstm/initial-theta.js';
import {sampleTask} from '../recipes/tensor-lstm-family.js';

const [variant = 'last', outerSteps = '2000', seed = '1'] = process.argv.slice(2);
const total = Number(outerSteps);

function build(defines: string[]): Uint8Array<ArrayBuffer> {
  const out = join(mkdtempSync(join(tmpdir(), 'l2o-')), 'engine.wasm');
  execFileSync('clang-19', [
    '--target=wasm32', '-O3', '-msimd128', '-mbulk-memory', '-nostdlib', '-std=c17', '-ffp-contract=off', ...defines, '-fuse-ld=/usr/bin/wasm-ld-19',
    '-Wl,--no-entry', '-Wl,--initial-memory=1048576', '-Wl,--max-memory=4294967296', '-Wl,-z,stack-size=65536', '-o', out,
    fileURLToPath(new URL('../kernel/engine.c', import.meta.url)),
  ]);
  return new Uint8Array(readFileSync(out));
}

const bytes = build(variant === 'fresh' ? ['-DTL_FRESH_STATISTICS'] : []);
const engine = RolloutEngine.create(bytes);
const tasks = Array.from({length: 40}, (_, i) => sampleTask(new Random(4242).fork(i)));
const validate = (theta: Float32Array): {curve: number; final: number} => {
  engine.setTheta(theta);
  const results = tasks.map((task, i) => runTask(engine, task, i, {rule: 'tensor-lstm', learningRate: 1}));
  const mean = (f: (r: (typeof results)[number]) => number): number => results.reduce((sum, r) => sum + f(r), 0) / results.length;
  return {curve: mean(r => r.curve), final: mean(r => r.final)};
};
const trainer = new Trainer({
  family: new URL('../recipes/tensor-lstm-family.ts', import.meta.url), seed: Number(seed), numPairs: 12, workers: 1, windowSteps: 50, estimator: {kind: 'nres', sigma: 0.01, maxDifference: 0.5, signOnly: false, stagger: true},
  learningRate: k => 2e-3 * Math.min(1, k / 50) * Math.max(0.05, 1 - k / total), engine: bytes,
}, initialOuterState(initialTheta(new Random(1), {step: 0.015, guard: 2})));
await trainer.start();
const started = performance.now();
for (let k = 1; k <= total; k++) {
  const report = await trainer.step();
  if (k % 200 === 0) {
    console.log(JSON.stringify({variant, seed: Number(seed), outerStep: k, objective: report.objective, ...validate(trainer.state.theta), innerSteps: trainer.state.innerSteps, seconds: Math.round((performance.now() - started) / 1000)}));
  }
}
await trainer.stop();
