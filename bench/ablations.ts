/**
 * What the recipe of the shipped theta claims to need: short twins of it, meta-trained from scratch with the same seeds and budget and one
 * thing changed each, on the recipe's validation tasks, against tuned Adam and against the unchanged twin, and on the suite `validation`.
 *
 *     npm run ablations -- --out docs/results/ablations.json
 *
 * `--steps 8` millions of inner steps of each twin; `--seeds 2`; `--workers 2`; `--only recipe,no-memory` some variants; `--minutes 60` ends in
 * time. What is finished, and checkpoints of what is not, are kept in runs/ablations: the same command goes on where it was stopped.
 * With `--out` the result is written there, and the table of the page `ablations.md` beside its folder renewed.
 */
import '@tensorflow/tfjs-backend-cpu';
import {setBackend} from '@tensorflow/tfjs-core';
import {existsSync, mkdirSync, readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {RECIPE} from '../recipes/tensor-lstm-config.js';
import {writeFileAtomically} from '../src/cli/atomic-file.js';
import {EVALUATE_DEFAULTS} from '../src/cli/evaluate/args.js';
import {suiteModule} from '../src/cli/evaluate/suites.js';
import {evaluate} from '../src/evaluation/evaluate.js';
import {hashText} from '../src/hash-text.js';
import {RULE_VERSION} from '../src/rules/tensor-lstm/spec.js';
import {Judge, type Scores} from './ablations/judge.js';
import {rowsOf, type AblationResult, type Judged, type SuiteScores, type TaskMean} from './ablations/summary.js';
import {INNER_STEPS, trainTwin} from './ablations/twin.js';
import {VARIANTS, type Variant} from './ablations/variants.js';
import {markdownTable, replaceBlock, textTable} from './support/generated-block.js';

const {values} = parseArgs({options: {
  steps: {type: 'string', default: '8'}, seeds: {type: 'string', default: '2'}, workers: {type: 'string', default: '2'},
  minutes: {type: 'string', default: 'Infinity'}, only: {type: 'string'}, out: {type: 'string'},
}});
const millions = Number(values.steps), numOuterSteps = Math.round(1e6 * millions / INNER_STEPS);
const seeds = Array.from({length: Number(values.seeds)}, (_, i) => RECIPE.seed + i);
if (!(numOuterSteps >= 1) || seeds.length === 0) throw new Error(`--steps and --seeds must be numbers above 0, got ${values.steps} and ${values.seeds}`);
const names = values.only?.split(',') ?? VARIANTS.map(({name}) => name), unknown = names.find(name => VARIANTS.every(variant => variant.name !== name));
if (unknown !== undefined) throw new Error(`--only takes some of ${VARIANTS.map(({name}) => name).join(', ')}, got ${unknown}`);

// The long run's rates are its own. All else that twins depend on, tasks and kernels apart, names their folder.
const {rates: _, ...settings} = RECIPE, hash = hashText(JSON.stringify({RULE_VERSION, numOuterSteps, settings}), 8);
const folder = fileURLToPath(new URL(`../runs/ablations/${values.steps} million, ${hash}/`, import.meta.url));
mkdirSync(folder, {recursive: true});
const end = performance.now() + 60_000 * Number(values.minutes);
let isStopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (isStopped = true));
const isOver = (): boolean => isStopped || performance.now() > end;

await setBackend('cpu');
const judge = new Judge();
/** Fresh seeds of each task of the suite. */
const SUITE_SEEDS = 2;

/** What a file holds, or else what `make` makes, which it holds from then on. */
function kept(name: string, make: () => Scores[]): Scores[] {
  const file = join(folder, name);
  if (!existsSync(file)) writeFileAtomically(file, JSON.stringify(make()));
  return JSON.parse(readFileSync(file, 'utf8')) as Scores[];
}

/** @returns `undefined` where time was over before it was trained. */
async function judged(variant: Variant, seed: number): Promise<Judged | undefined> {
  const name = `${variant.name}, seed ${seed}`, start = performance.now();
  const options = {seed, numOuterSteps, workers: Number(values.workers), checkpoint: join(folder, `${name}.checkpoint.json`), isOver};
  const {state, average} = await trainTwin(variant, options);
  const minutes = (performance.now() - start) / 60_000;
  process.stderr.write(`${name}: ${state.outerStep} of ${numOuterSteps} outer steps, ${state.innerSteps} inner steps, ${minutes.toFixed(1)} minutes\n`);
  // What is trained is judged when the same command goes on.
  if (state.outerStep < numOuterSteps || isOver()) return undefined;
  const scores = kept(`${name}.scores.json`, () => judge.learned(average, variant.parameterScale ?? true));
  return {variant, seed, scores, suite: variant.parameterScale === false ? undefined : await suiteScores(average)};
}

/** On the suite `validation`; its runs are kept where those of `npm run evaluate:validation` are, tuned Adam's among them. */
async function suiteScores(theta: Float32Array): Promise<SuiteScores> {
  const {speedup, noWorseThanAdam, tasks} = await evaluate({suite: suiteModule('validation'), theta, baselines: ['adam'], numSeeds: SUITE_SEEDS, sensitivity: false, workers: Number(values.workers), cacheDir: EVALUATE_DEFAULTS.cache});
  return {speedup: speedup.adam!.iqm, noWorse: noWorseThanAdam!, validationLosses: tasks.map(({optimizers}) => optimizers.learned!.validationLoss)};
}

const adam = kept('adam.json', () => judge.adam()), finished: Judged[] = [];
// Seed by seed, so that a run that is stopped early has a row of most variants.
for (const seed of seeds) {
  for (const variant of VARIANTS.filter(({name}) => names.includes(name))) {
    const result = await judged(variant, seed);
    if (result !== undefined) finished.push(result);
  }
}
const result: AblationResult = {innerSteps: millions, numTasks: adam.length, seeds, rows: rowsOf(VARIANTS, finished, adam)};
const missing = names.length * seeds.length - finished.length;
if (missing > 0) process.stderr.write(`${missing} twins are not finished: the same command goes on with them\n`);
if (values.out === undefined) console.log(JSON.stringify(result, null, 1));
else write(values.out);

function write(out: string): void {
  mkdirSync(dirname(out), {recursive: true});
  writeFileAtomically(out, `${JSON.stringify(result, null, 1)}\n`);
  replaceBlock(join(dirname(dirname(resolve(out))), 'ablations.md'), 'ablations', table(result));
}

function table({innerSteps, numTasks, rows}: AblationResult): string {
  const heads = ['changed', 'seeds', 'curve to Adam', 'final to Adam', 'curve to the recipe', 'final to the recipe', 'diverged', 'on `validation`: speed-up over Adam', 'no worse than Adam', 'validation loss to the recipe, ln'];
  const cell = (of: TaskMean | undefined): string => (of === undefined ? '' : `${of.mean.toFixed(3)} ± ${of.standardError.toFixed(3)}`);
  const list = (of: readonly number[] | undefined, text: (value: number) => string): string => of?.map(text).join(', ') ?? '–';
  const cells = rows.map(({change, seeds: done, toAdam, toRecipe, diverged, speedup, noWorse, validationToRecipe}) => [
    change, `${done.length}`, cell(toAdam.curve), cell(toAdam.final), cell(toRecipe?.curve), cell(toRecipe?.final),
    `${diverged} of ${done.length * numTasks}`, list(speedup, value => value.toFixed(2)), list(noWorse, value => `${Math.round(100 * value)} %`), cell(validationToRecipe),
  ]);
  const budget = `${innerSteps} million inner steps for each twin and seed, ${numTasks} tasks`;
  return `${budget}; negative scores are better, ± one standard error over tasks:\n\n${markdownTable(textTable(heads, cells))}`;
}
