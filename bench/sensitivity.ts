/**
 * What `numSteps` and `learningRate` do: final losses of the shipped theta that is told a wrong number of steps, or whose steps are
 * multiplied, beside Adam at the best of 15 rates found on each task, and at multiples of that rate. On the tasks of the suites
 * `seen` and `validation` that the compiled engine runs in at most 2,000 steps; never on `unseen`.
 * Prints one JSON object; with `--out` writes it there, and renews the figures and tables of the page that shows them.
 *
 *     npm run -s bench:sensitivity -- --out docs/results/sensitivity.json
 *
 * `--seeds N` (default 5) runs of each task; `--tasks TEXT` only tasks with this text in their names.
 */
import '@tensorflow/tfjs-backend-cpu';
import {setBackend} from '@tensorflow/tfjs-core';
import {parseArgs} from 'node:util';
import type {SuiteTask} from '../src/evaluation/suite.js';
import {seenSuite} from '../src/evaluation/suites/seen.js';
import {validationSuite} from '../src/evaluation/suites/validation.js';
import {Random} from '../src/random.js';
import {compiledFormOf} from '../src/tasks/compiled-problem.js';
import {defaultTheta} from '../src/theta/default-theta.js';
import {runToEnd, tuneAdam, type Contestant} from './sensitivity/runs.js';
import {AVERAGE_OVER, MULTIPLES, settingKey, summarize, TOLD, type TaskEndings} from './sensitivity/summary.js';
import {writeSensitivity} from './sensitivity/write.js';

const MOST_STEPS = 2000;

const {values} = parseArgs({options: {out: {type: 'string'}, seeds: {type: 'string', default: '5'}, tasks: {type: 'string', default: ''}}});
const seeds = Array.from({length: Number(values.seeds)}, (_, i) => `run ${i}`), theta = defaultTheta();
if (seeds.length === 0) throw new Error(`--seeds must be a number ≥ 1, got ${values.seeds}`);

function isChosen({name, steps, family}: SuiteTask): boolean {
  if (steps > MOST_STEPS || !name.includes(values.tasks)) return false;
  const task = family.sample(new Random(0)), isCompiled = compiledFormOf(task) !== undefined;
  task.dispose?.();
  return isCompiled;
}

async function measure(task: SuiteTask): Promise<TaskEndings> {
  const {name, steps} = task, start = performance.now(), rates = await tuneAdam(task);
  const learned = (learningRate: number, horizon: number): Contestant => ({rule: 'tensor-lstm', learningRate, horizon, theta});
  const adam = (learningRate: number): Contestant => ({rule: 'adam', learningRate, horizon: 0});
  const contestants: ReadonlyArray<readonly [string, Contestant]> = [
    ...TOLD.map(told => [settingKey('told', told), learned(1, Math.round(told * steps))] as const),
    [settingKey('average', AVERAGE_OVER), {...learned(1, 0), averageOver: AVERAGE_OVER}],
    ...MULTIPLES.filter(multiple => multiple !== 1).map(multiple => [settingKey('learned', multiple), learned(multiple, steps)] as const),
    ...MULTIPLES.map(multiple => [settingKey('adam', multiple), adam(multiple * rates.train)] as const),
    ['adam by validation', adam(rates.validation)],
  ];
  const endings = new Map(contestants.map(([key, contestant]) => [key, seeds.map(seed => runToEnd(task, seed, steps, contestant))]));
  endings.set(settingKey('learned', 1), endings.get(settingKey('told', 1))!);
  process.stderr.write(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  return {name, steps, adamRate: rates.train, endings};
}

await setBackend('cpu');
const tasks = [...seenSuite().tasks, ...validationSuite().tasks].filter(isChosen), measured: TaskEndings[] = [];
for (const task of tasks) measured.push(await measure(task));
const result = summarize(measured, theta.hash);
if (values.out === undefined) console.log(JSON.stringify(result, null, 1));
else writeSensitivity(values.out, result);
