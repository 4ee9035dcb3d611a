/**
 * Meta-trains the shipped theta of `tensor-lstm`. Resumes from its checkpoint; stop it with Ctrl-C at any time.
 *
 *     npx tsx recipes/tensor-lstm.ts [--minutes 60] [--workers 2]
 *
 * Tasks: recipes/tensor-lstm-family.ts. What is validated and kept is the running average of theta over outer steps (Polyak and
 * Juditsky 1992), which is steadier than theta itself. The checkpoint (outer state) and the best theta by validation are written to
 * weights/tensor-lstm/, atomically, every VALIDATE_EVERY outer steps; history.jsonl logs each validation.
 */
import {appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {initialOuterState, Trainer, type OuterState} from '../src/meta/trainer.js';
import {bestAdam, runTask, type TaskResult} from '../src/meta/validation.js';
import {Random} from '../src/random.js';
import {RolloutEngine} from '../src/rollout/engine.js';
import {initialTheta} from '../src/rules/tensor-lstm/initial-theta.js';
import {RULE_VERSION, THETA_SIZE} from '../src/rules/tensor-lstm/spec.js';
import {RECIPE} from './tensor-lstm-config.js';
import {validationTasks} from './tensor-lstm-validation.js';

const VALIDATE_EVERY = 500;
const HALF_DECADES = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1];

const {values} = parseArgs({options: {minutes: {type: 'string', default: '60'}, workers: {type: 'string', default: '2'}}});
const folder = fileURLToPath(new URL('../weights/tensor-lstm/', import.meta.url));
mkdirSync(folder, {recursive: true});
const checkpointFile = `${folder}checkpoint.bin`, bestFile = `${folder}theta.bin`, historyFile = `${folder}history.jsonl`;

function writeAtomically(file: string, data: Uint8Array): void {
  writeFileSync(`${file}.tmp`, data);
  renameSync(`${file}.tmp`, file);
}

/** Checkpoint: JSON header line, then theta, moment, variance and average as float32. */
function save(state: OuterState, average: Float32Array, best: number): void {
  const {theta, moment, variance, ...scalars} = state;
  const header = Buffer.from(`${JSON.stringify({ruleVersion: RULE_VERSION, thetaSize: THETA_SIZE, best, ...scalars})}\n`);
  writeAtomically(checkpointFile, Buffer.concat([header, ...[theta, moment, variance, average].map(a => Buffer.from(a.buffer, a.byteOffset, a.byteLength))]));
}

function resume(): {state: OuterState; average: Float32Array; best: number} {
  if (!existsSync(checkpointFile)) {
    const theta = initialTheta(new Random(RECIPE.seed).fork('theta'), {step: RECIPE.initialStep, guard: RECIPE.initialGuard, cooldown: 1, decay: 1});
    return {state: initialOuterState(theta), average: theta.slice(), best: Infinity};
  }
  const bytes = readFileSync(checkpointFile), end = bytes.indexOf(10);
  const header = JSON.parse(bytes.subarray(0, end).toString()) as {ruleVersion: number; thetaSize: number; best: number; norm: number; outerStep: number; innerSteps: number};
  if (header.ruleVersion !== RULE_VERSION || header.thetaSize !== THETA_SIZE) throw new Error('the checkpoint is of another version of the rule; move it away to start anew');
  const arrays = [0, 1, 2, 3].map(i => new Float32Array(bytes.buffer.slice(bytes.byteOffset + end + 1 + 4 * i * THETA_SIZE, bytes.byteOffset + end + 1 + 4 * (i + 1) * THETA_SIZE)));
  const {norm, outerStep, innerSteps, best} = header;
  return {state: {theta: arrays[0]!, moment: arrays[1]!, variance: arrays[2]!, norm, outerStep, innerSteps}, average: arrays[3]!, best};
}

const rate = (k: number): number => {
  const next = RECIPE.rates.findIndex(([step]) => step > k);
  if (next < 1) return RECIPE.rates.at(next)![1];
  const [from, low] = RECIPE.rates[next - 1]!, [to, high] = RECIPE.rates[next]!;
  return low + (high - low) * (k - from) / (to - from);
};

const {state, average, best: oldBest} = resume();
let best = oldBest;
const engine = RolloutEngine.create(), tasks = validationTasks();
const adam = tasks.map(task => bestAdam(engine, task, HALF_DECADES));
const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
console.error(`tuned Adam on ${tasks.length} validation tasks: curve ${mean(adam.map(r => r.curve)).toFixed(3)}, final ${mean(adam.map(r => r.final)).toFixed(3)}`);

const trainer = new Trainer({
  family: new URL('./tensor-lstm-family.ts', import.meta.url), workers: Number(values.workers), learningRate: rate,
  seed: RECIPE.seed, numPairs: RECIPE.numPairs, windowSteps: RECIPE.windowSteps, estimator: RECIPE.estimator, objective: RECIPE.objective,
}, state);
await trainer.start();
let stop = false;
process.on('SIGINT', () => (stop = true));
process.on('SIGTERM', () => (stop = true));
const started = performance.now(), limit = Number(values.minutes) * 60_000;
let objective = 0, diverged = 0, since = 0;
while (!stop && performance.now() - started < limit) {
  const report = await trainer.step();
  objective += report.objective;
  diverged += report.diverged;
  since++;
  for (let i = 0; i < THETA_SIZE; i++) average[i]! += (state.theta[i]! - average[i]!) * RECIPE.averageRate;
  if (state.outerStep % VALIDATE_EVERY !== 0) continue;
  const results: TaskResult[] = tasks.map(task => runTask(engine, task, {rule: 'tensor-lstm', learningRate: 1, theta: average}));
  const curve = mean(results.map((r, i) => r.curve - adam[i]!.curve)), final = mean(results.map((r, i) => r.final - adam[i]!.final));
  const line = {
    outerStep: state.outerStep, innerSteps: state.innerSteps, minutes: Math.round((performance.now() - started) / 6000) / 10, objective: objective / since, diverged,
    curveAgainstAdam: curve, finalAgainstAdam: final, finalWins: results.filter((r, i) => r.final <= adam[i]!.final).length, validationDiverged: results.filter(r => r.diverged).length,
    designed: results.slice(0, 5).map((r, i) => [r.finalLoss, adam[i]!.finalLoss].map(x => Number(x.toPrecision(3)))),
  };
  // Early progress and the end of the run count alike.
  const total = curve + final;
  if (total < best) {
    best = total;
    writeAtomically(bestFile, Buffer.from(average.buffer, average.byteOffset, average.byteLength));
  }
  save(state, average, best);
  appendFileSync(historyFile, `${JSON.stringify({...line, best: total === best})}\n`);
  console.error(JSON.stringify(line));
  objective = diverged = since = 0;
}
save(state, average, best);
await trainer.stop();
