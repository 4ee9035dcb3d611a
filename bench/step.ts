/**
 * What one optimizer step costs, ours against `tf.train.adam`, paired in one run: the two take turns on the same
 * gradients, and the ratio is that of their medians. Prints one JSON object.
 *
 *     npm run -s bench:step [-- --backend wasm] [--seconds 1]
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {parseArgs} from 'node:util';
import {learnedOptimizer} from '../src/index.js';
import {Random} from '../src/random.js';

/** Parameters in all, and the number of variables that they are spread over. */
const SIZES = [[100_000, 1], [1_000_000, 1], [100_000, 50]] as const;
const TF_NAMES: Readonly<Record<string, string>> = {cpu: 'cpu', wasm: 'wasm', node: 'tensorflow'};
const MIN_PAIRS = 5, WARM_UP = 3;

const {values} = parseArgs({options: {backend: {type: 'string', multiple: true}, seconds: {type: 'string', default: '2.5'}}});
const require = createRequire(import.meta.url);
setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);

interface Row {
  backend: string;
  numParams: number;
  numVariables: number;
  nsPerParam: number;
  adamNsPerParam: number;
  ratio: number;
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

function measure(backend: string, numParams: number, numVariables: number, seconds: number): Row {
  const size = numParams / numVariables, random = new Random(1);
  const prepare = (optimizer: tf.Optimizer, name: string): Bench => {
    const variables = Array.from({length: numVariables}, (_, i) => tf.variable(tf.tensor1d(random.normals(size, 0.1)), true, `${backend}/${numParams}/${numVariables}/${name}/${i}`));
    const gradients = variables.map(v => ({name: v.name, tensor: tf.tensor1d(random.normals(size, 0.01))}));
    const times: number[] = [];
    const step = (): void => {
      const start = performance.now();
      optimizer.applyGradients(gradients);
      // Where steps run behind our back, wait for the result: no time is hidden.
      variables[numVariables - 1]!.dataSync();
      times.push(performance.now() - start);
    };
    return {optimizer, variables, gradients, times, step};
  };
  const ours = prepare(learnedOptimizer({numSteps: 1000}), 'learned'), adam = prepare(tf.train.adam(1e-3), 'adam'), sets = [ours, adam];
  for (let i = 0; i < WARM_UP; i++) sets.forEach(s => s.step());
  sets.forEach(s => (s.times.length = 0));
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end || ours.times.length < MIN_PAIRS) sets.forEach(s => s.step());
  for (const s of sets) {
    s.optimizer.dispose();
    tf.dispose([s.variables, s.gradients.map(g => g.tensor)]);
  }
  const ns = (times: number[]): number => Math.round((median(times) * 1e8) / numParams) / 100;
  return {backend, numParams, numVariables, nsPerParam: ns(ours.times), adamNsPerParam: ns(adam.times), ratio: Math.round((median(ours.times) / median(adam.times)) * 1000) / 1000};
}

interface Bench {
  optimizer: tf.Optimizer;
  variables: tf.Variable[];
  gradients: Array<{name: string; tensor: tf.Tensor}>;
  times: number[];
  step(): void;
}

const rows: Row[] = [], skipped: string[] = [];
for (const backend of values.backend ?? ['wasm', 'cpu', 'node']) {
  try {
    if (backend === 'node') require(join('@tensorflow', 'tfjs-node'));
  } catch {
    skipped.push('node: @tensorflow/tfjs-node is not installed (bash scripts/setup-native.sh)');
    continue;
  }
  await tf.setBackend(TF_NAMES[backend] ?? backend);
  await tf.ready();
  for (const [numParams, numVariables] of SIZES) rows.push(measure(backend, numParams, numVariables, Number(values.seconds)));
}
console.log(JSON.stringify({node: process.version, tfjs: tf.version_core, ...(skipped.length > 0 && {skipped}), rows}, null, 1));
