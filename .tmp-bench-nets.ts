import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import {createRequire} from 'node:module';
import {dirname} from 'node:path';
import {registerWasmTrainingKernels} from './src/kernel/wasm-training.js';
import {Random} from './src/random.js';
import {openRollout} from './src/rollout/open-rollout.js';
import {OpsRollout} from './src/rollout/ops-rollout.js';
import {loadDigits} from './src/tasks/digits.js';
import {convNetFamily} from './src/tasks/families/conv-net.js';
import {recurrentNetFamily} from './src/tasks/families/recurrent-net.js';
import {mlpClassificationFamily} from './src/tasks/families/mlp-classification.js';
import {defaultTheta} from './src/theta/default-theta.js';
const require = createRequire(import.meta.url);
setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);
const cpu = () => { const {user, system} = process.cpuUsage(); return (user + system) / 1e6; };
const digits = loadDigits();
const fams = {
  'conv 8x8 digits, 2x8 channels stride flatten relu b32': convNetFamily({data: digits, depth: 2, channels: 8, downsampling: 'stride', head: 'flatten', activation: 'relu', batchSize: 32}),
  'conv 8x8 digits, 2x8 channels maxPool flatten relu b32': convNetFamily({data: digits, depth: 2, channels: 8, downsampling: 'maxPool', head: 'flatten', activation: 'relu', batchSize: 32}),
  'gru 16 units, 8 steps sines b32': recurrentNetFamily({cell: 'gru', units: 16, sequenceLength: 8, batchSize: 32, numClasses: 3}),
  'lstm 16 units, 8 steps sines b32': recurrentNetFamily({cell: 'lstm', units: 16, sequenceLength: 8, batchSize: 32, numClasses: 3}),
};
await tf.setBackend('wasm'); registerWasmTrainingKernels();
const ops = process.argv[2] === 'ops';
for (const [name, family] of Object.entries(fams)) for (const rule of ['adam', 'tensor-lstm'] as const) {
  const opt = {rule, learningRate: rule === 'adam' ? 1e-3 : 1, horizon: 0, hasLoss: true}, o = {family: 'x', seed: 1};
  const task = family.sample(new Random(1));
  const rate = (r: ReturnType<typeof openRollout>, n: number) => { r.setTheta(defaultTheta().values); const l = new Float32Array(n); r.run(n, l); let best = 0, total = 0, t0 = cpu(); while (cpu() - t0 < 1) { const t = cpu(); r.run(n, l); best = Math.max(best, n / (cpu() - t)); total += n; } return `${(total / (cpu() - t0)).toFixed(0)} (best ${best.toFixed(0)})`; };
  const c = rate(openRollout(task, o, opt), 500);
  console.log(name, rule, 'compiled', c, ops ? `ops wasm ${rate(new OpsRollout(family.sample(new Random(1)), o, opt), 20)}` : '');
}
