/**
 * What a regularized training step costs, in plain steps: `trainOnBatch` of the same model with and without a FlatnessRegularizer,
 * in turns. `ratio` is the median over pairs of the ratio of their processor times, all threads together, which other programs
 * disturb little; `wallRatio` that of their durations. `goal` is the largest ratio aimed at. Prints one JSON object.
 *
 *     npm run -s bench:flatness-cost [-- --backend wasm] [--seconds 2]
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {parseArgs} from 'node:util';
import {FlatnessRegularizer, learnedOptimizer, Random, type FlatnessRegularizerOptions} from '../src/index.js';

interface Net {
  readonly name: string;
  readonly widths: readonly [number, number, number];
  readonly batchSize: number;
}

const NETS: readonly Net[] = [
  {name: 'MLP 64-32-10, batch 32', widths: [64, 32, 10], batchSize: 32},
  {name: 'MLP 784-128-10, batch 128', widths: [784, 128, 10], batchSize: 128},
];
const OPTIMIZERS: Readonly<Record<string, () => tf.Optimizer>> = {adam: () => tf.train.adam(1e-3), learned: () => learnedOptimizer({numSteps: 1000})};
const MEASURES: ReadonlyArray<{readonly options: FlatnessRegularizerOptions; readonly goal?: number}> = [
  {options: {measure: 'sharpness', strength: 1}, goal: 2.2},
  ...[2, 4, 8].map(samples => ({options: {measure: 'localEntropy', strength: 1, samples} as const, goal: round(1.1 * samples + 1.2)})),
  {options: {measure: 'hessianTrace', strength: 0.01}},
  {options: {measure: 'hessianNorm', strength: 0.01}},
];
const TF_NAMES: Readonly<Record<string, string>> = {cpu: 'cpu', wasm: 'wasm', node: 'tensorflow'};
const MIN_ROUNDS = 5, WARM_UP_SHARE = 0.25;

const {values} = parseArgs({options: {backend: {type: 'string', multiple: true}, seconds: {type: 'string', default: '6'}}});
const require = createRequire(import.meta.url);
setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);

interface Time {
  readonly wallMs: number;
  readonly processorMs: number;
}

interface Runner {
  readonly step: () => Promise<void>;
  readonly times: Time[];
  readonly dispose: () => void;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function prepare({widths: [inputs, hidden, outputs], batchSize}: Net, makeOptimizer: () => tf.Optimizer, options: FlatnessRegularizerOptions | undefined): Runner {
  const random = new Random(1), times: Time[] = [], optimizer = makeOptimizer();
  const model = sequential({layers: [layers.dense({units: hidden, activation: 'relu', inputShape: [inputs]}), layers.dense({units: outputs, activation: 'softmax'})]});
  model.compile({optimizer: options === undefined ? optimizer : new FlatnessRegularizer(options).wrap(optimizer, model), loss: 'categoricalCrossentropy', metrics: ['accuracy']});
  const x = tf.tensor2d(random.normals(batchSize * inputs), [batchSize, inputs]);
  const y = tf.tidy(() => tf.cast(tf.oneHot(Array.from({length: batchSize}, () => random.integer(outputs)), outputs), 'float32'));
  return {
    times,
    step: async () => {
      const start = performance.now(), before = process.cpuUsage();
      await model.trainOnBatch(x, y);
      // Where steps run behind our back, wait for the result.
      await model.layers[0]!.getWeights()[0]!.data();
      const {user, system} = process.cpuUsage(before);
      times.push({wallMs: performance.now() - start, processorMs: (user + system) / 1000});
    },
    dispose: () => {
      model.dispose();
      optimizer.dispose();
      tf.dispose([x, y]);
    },
  };
}

const rows: object[] = [], skipped: string[] = [];
for (const backend of values.backend ?? ['wasm', 'cpu', 'node']) {
  try {
    if (backend === 'node') require(join('@tensorflow', 'tfjs-node'));
  } catch {
    skipped.push('node: @tensorflow/tfjs-node is not installed (bash scripts/setup-native.sh)');
    continue;
  }
  await tf.setBackend(TF_NAMES[backend] ?? backend);
  await tf.ready();
  for (const net of NETS) {
    for (const [optimizer, make] of Object.entries(OPTIMIZERS)) {
      const plain = prepare(net, make, undefined), others = MEASURES.map(({options}) => prepare(net, make, options)), all = [plain, ...others];
      const milliseconds = Number(values.seconds) * 1000, warm = performance.now() + WARM_UP_SHARE * milliseconds;
      do for (const runner of all) await runner.step(); while (performance.now() < warm);
      all.forEach(({times}) => (times.length = 0));
      const end = performance.now() + milliseconds;
      while (performance.now() < end || plain.times.length < MIN_ROUNDS) {
        // A plain step beside each: what disturbs one disturbs both.
        for (const runner of others) {
          await plain.step();
          await runner.step();
        }
      }
      others.forEach(({times}, i) => {
        const {options: {measure, ...options}, goal} = MEASURES[i]!, {samples} = options as {samples?: number};
        const beside = plain.times.filter((_, k) => k % others.length === i), of = (unit: keyof Time): object => ({
          plain: round(median(beside.map(time => time[unit]))), regularized: round(median(times.map(time => time[unit]))),
        });
        const ratioOf = (unit: keyof Time): number => round(median(times.map((time, k) => time[unit] / beside[k]![unit]))), ratio = ratioOf('processorMs');
        rows.push({
          backend, net: net.name, optimizer, measure, ...(samples !== undefined && {samples}), processorMs: of('processorMs'), pairs: times.length,
          ratio, wallRatio: ratioOf('wallMs'), ...(goal !== undefined && {goal, met: ratio <= goal}),
        });
      });
      all.forEach(runner => runner.dispose());
    }
  }
}
console.log(JSON.stringify({node: process.version, tfjs: tf.version_core, ...(skipped.length > 0 && {skipped}), rows}, null, 1));
