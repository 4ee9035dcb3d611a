import {readFileSync} from 'node:fs';
import {createHash} from 'node:crypto';
import '@tensorflow/tfjs-backend-cpu';
import {Random} from './src/random.js';
import {RolloutEngine} from './src/rollout/engine.js';
import {compiledFormOf} from './src/tasks/compiled-problem.js';
import {loadDigits} from './src/tasks/digits.js';
import {convNetFamily} from './src/tasks/families/conv-net.js';
import {recurrentNetFamily} from './src/tasks/families/recurrent-net.js';
const cpu = () => { const {user, system} = process.cpuUsage(); return (user + system) / 1e6; };
const digits = loadDigits(), c = {data: digits, depth: 2, channels: 8, head: 'flatten', activation: 'relu', batchSize: 32} as const, r = {units: 16, sequenceLength: 8, batchSize: 32, numClasses: 3} as const;
const fams = {stride: convNetFamily({...c, downsampling: 'stride'}), maxPool: convNetFamily({...c, downsampling: 'maxPool'}), stride5: convNetFamily({...c, channels: 5, downsampling: 'stride'}), simple: recurrentNetFamily({...r, cell: 'simple'}), gru: recurrentNetFamily({...r, cell: 'gru'}), lstm: recurrentNetFamily({...r, cell: 'lstm'})};
const files = process.argv.slice(2), engines = files.map(f => RolloutEngine.create(readFileSync(f)));
for (const [name, family] of Object.entries(fams)) {
  const runs = engines.map(e => e.start(e.load(compiledFormOf(family.sample(new Random(1)))!()), {rule: 'adam', learningRate: 1e-3, horizon: 0, hasLoss: true}));
  const l = new Float32Array(500), best = files.map(() => 0), hash = runs.map(x => { x.run(500, l); return createHash('sha1').update(new Uint8Array(l.buffer)).digest('hex').slice(0, 6); });
  for (let k = 0; k < 5; k++) runs.forEach((x, i) => { const t = cpu(); x.run(500, l); x.run(500, l); best[i] = Math.max(best[i]!, 1000 / (cpu() - t)); });
  console.log(name, files.map((f, i) => `${f.split('/').pop()} ${hash[i]} ${best[i]!.toFixed(0)}`).join('  '));
}
