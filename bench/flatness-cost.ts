/**
 * What a regularized training step costs, in plain steps: `trainOnBatch` of the same model with and without a FlatnessRegularizer,
 * in turns. `ratio` is the median over pairs of the ratio of their processor times, all threads together, which other programs
 * disturb little; `wallRatio` that of their durations. `goal` is the largest ratio aimed at. Prints one JSON object.
 *
 *     npm run -s bench:flatness-cost [-- --backend wasm] [--seconds 2]
 */
import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {parseArgs} from 'node:util';
import {FlatnessRegularizer, learnedOptimizer, Random, type FlatnessRegularizerOptions} from '../src/index.js';
import {namesGiven, numberGiven} from './support/args.js';
import {forEachBackend, NODE_BACKENDS} from './support/backends.js';
import {median, toDecimals} from './support/numbers.js';
import {print} from './support/print.js';
import {takeTurns} from './support/turns.js';

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
const WARM_UP_SHARE = 0.25;

const {values} = parseArgs({options: {backend: {type: 'string', multiple: true}, seconds: {type: 'string', default: '6'}}});
const seconds = numberGiven('seconds', values.seconds);

interface Time {
  readonly wallMs: number;
  readonly processorMs: number;
}

interface Runner {
  readonly step: () => Promise<Time>;
  readonly dispose: () => void;
}

function round(value: number): number {
  return toDecimals(value, 3);
}

function prepare({widths: [inputs, hidden, outputs], batchSize}: Net, makeOptimizer: () => tf.Optimizer, options: FlatnessRegularizerOptions | undefined): Runner {
  const random = new Random(1), optimizer = makeOptimizer();
  const model = sequential({layers: [layers.dense({units: hidden, activation: 'relu', inputShape: [inputs]}), layers.dense({units: outputs, activation: 'softmax'})]});
  model.compile({optimizer: options === undefined ? optimizer : new FlatnessRegularizer(options).wrap(optimizer, model), loss: 'categoricalCrossentropy', metrics: ['accuracy']});
  const x = tf.tensor2d(random.normals(batchSize * inputs), [batchSize, inputs]);
  const y = tf.tidy(() => tf.cast(tf.oneHot(Array.from({length: batchSize}, () => random.integer(outputs)), outputs), 'float32'));
  return {
    step: async () => {
      const start = performance.now(), before = process.cpuUsage();
      await model.trainOnBatch(x, y);
      // Where steps run behind our back, wait for the result.
      await model.layers[0]!.getWeights()[0]!.data();
      const {user, system} = process.cpuUsage(before);
      return {wallMs: performance.now() - start, processorMs: (user + system) / 1000};
    },
    dispose: () => {
      model.dispose();
      optimizer.dispose();
      tf.dispose([x, y]);
    },
  };
}

const rows: object[] = [];
const skipped = await forEachBackend(namesGiven('backend', values.backend, NODE_BACKENDS), async backend => {
  for (const net of NETS) {
    for (const [optimizer, make] of Object.entries(OPTIMIZERS)) {
      const plain = prepare(net, make, undefined), others = MEASURES.map(({options}) => prepare(net, make, options)), all = [plain, ...others];
      await takeTurns(all.map(({step}) => step), {seconds: WARM_UP_SHARE * seconds, minRounds: 1});
      // A plain step beside each: what disturbs one disturbs both.
      const times = await takeTurns(others.flatMap(({step}) => [plain.step, step]), {seconds, minRounds: 1});
      MEASURES.forEach(({options: {measure, ...options}, goal}, i) => {
        const beside = times[2 * i]!, own = times[2 * i + 1]!, {samples} = options as {samples?: number};
        const of = (unit: keyof Time): object => ({plain: round(median(beside.map(time => time[unit]))), regularized: round(median(own.map(time => time[unit])))});
        const ratioOf = (unit: keyof Time): number => round(median(own.map((time, k) => time[unit] / beside[k]![unit]))), ratio = ratioOf('processorMs');
        rows.push({
          backend, net: net.name, optimizer, measure, ...(samples !== undefined && {samples}), processorMs: of('processorMs'), pairs: own.length,
          ratio, wallRatio: ratioOf('wallMs'), ...(goal !== undefined && {goal, met: ratio <= goal}),
        });
      });
      all.forEach(runner => runner.dispose());
    }
  }
});
print({rows}, skipped);
