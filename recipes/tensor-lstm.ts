/**
 * Meta-trains the shipped theta of `tensor-lstm`. Resumes from its checkpoint; stop it with Ctrl-C at any time.
 *
 *     npx tsx recipes/tensor-lstm.ts [--minutes 60] [--workers 2]
 *
 * Tasks: recipes/tensor-lstm-family.ts. What is validated and kept is the running average of theta over outer steps (Polyak and
 * Juditsky 1992), which is steadier than theta itself. The checkpoint (outer state) and the best theta by validation are written to
 * weights/tensor-lstm/, atomically, every VALIDATE_EVERY outer steps; history.jsonl logs each validation. A theta that
 * recipes/tensor-lstm-refine.ts has made stays.
 */
import {appendFileSync} from 'node:fs';
import {parseArgs} from 'node:util';
import {initialOuterState, Trainer} from '../src/meta/trainer.js';
import {bestAdam, runTask, type TaskResult} from '../src/meta/validation.js';
import {Random} from '../src/random.js';
import {mean} from '../src/report/statistics.js';
import {RolloutEngine} from '../src/rollout/engine.js';
import {initialTheta} from '../src/rules/tensor-lstm/initial-theta.js';
import {THETA_SIZE} from '../src/rules/tensor-lstm/spec.js';
import {HISTORY_FILE, readCheckpoint, saveBestTheta, saveCheckpoint, type Checkpoint} from './tensor-lstm-checkpoint.js';
import {RECIPE} from './tensor-lstm-config.js';
import {HORIZONS} from './tensor-lstm-family.js';
import {validationTasks} from './tensor-lstm-validation.js';

const VALIDATE_EVERY = 500;
const HALF_DECADES = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1];

const {values} = parseArgs({options: {minutes: {type: 'string', default: '60'}, workers: {type: 'string', default: '2'}}});
/** The state to start with where there is no checkpoint. */
function begin(): Checkpoint {
  const theta = initialTheta(new Random(RECIPE.seed).fork('theta'), {step: RECIPE.initialStep, guard: RECIPE.initialGuard, cooldown: 1, decay: 1});
  return {state: initialOuterState(theta), average: theta.slice(), best: Infinity};
}

const rate = (k: number): number => {
  const next = RECIPE.rates.findIndex(([step]) => step > k);
  if (next < 1) return RECIPE.rates.at(next)![1];
  const [from, low] = RECIPE.rates[next - 1]!, [to, high] = RECIPE.rates[next]!;
  return low + (high - low) * (k - from) / (to - from);
};

const {state, average, best: oldBest} = readCheckpoint() ?? begin();
let best = oldBest;
const engine = RolloutEngine.create(), tasks = validationTasks();
const adam = tasks.map(task => bestAdam(engine, task, HALF_DECADES));
console.error(`tuned Adam on ${tasks.length} validation tasks: curve ${mean(adam.map(r => r.curve)).toFixed(3)}, final ${mean(adam.map(r => r.final)).toFixed(3)}`);

const trainer = new Trainer({
  family: new URL('./tensor-lstm-family.ts', import.meta.url), workers: Number(values.workers), learningRate: rate, horizons: () => HORIZONS,
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
  if (best !== 'refined' && total < best) {
    best = total;
    saveBestTheta(average);
  }
  saveCheckpoint({state, average, best});
  appendFileSync(HISTORY_FILE, `${JSON.stringify({...line, best: total === best})}\n`);
  console.error(JSON.stringify(line));
  objective = diverged = since = 0;
}
saveCheckpoint({state, average, best});
await trainer.stop();
