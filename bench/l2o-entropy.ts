/**
 * The study of docs/l2o-entropy.md, which has its protocol: rules are meta-trained plain, with the Hessian's norm and with local entropy, and then
 * train models that they have not seen; and local entropy is held against Hessian measures over many trained models. Prints one JSON object.
 *
 *     npm run -s reproduce:l2o-entropy -- --write      the whole study; with --write into docs/l2o-entropy.md, docs/results/ and docs/images/
 *
 * `--workers N` (default 2) processes change no figure. `--runs DIR` (default runs/l2o-entropy) keeps all finished pieces, so that a
 * study that was stopped goes on where it was. `--part tune`, `reproduce` or `link`, more than once if need be, for some of it: parts that are
 * left out are taken from the written results. `--rules`, `--meta-seeds`, `--outer-steps` and `--seeds` make it smaller, for trying out.
 */
import {existsSync, mkdirSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {writeFileAtomically} from '../src/cli/atomic-file.js';
import {mean} from '../src/report/statistics.js';
import {RULE_NAMES, type RuleName} from '../src/rules/registry.js';
import {judgeCell, trainCell} from './l2o-entropy/cells.js';
import {gapFigure, linkFigure} from './l2o-entropy/figures.js';
import {describeJob, jobsOf, type Job} from './l2o-entropy/jobs.js';
import {LINK_SEEDS, linkSolutions, linkTable} from './l2o-entropy/link-study.js';
import {Pool} from './l2o-entropy/pool.js';
import {cellOptions, FULL, MEASURES, startOptions, type Cell, type Penalty, type Plan} from './l2o-entropy/protocol.js';
import {Records} from './l2o-entropy/records.js';
import {adamReference} from './l2o-entropy/reference.js';
import {chooseStrength, compare, describe, thetaMean, type Judged} from './l2o-entropy/summary.js';
import {accuracyTable, taskTable} from './l2o-entropy/table.js';
import type {SuiteName} from './l2o-entropy/tasks.js';
import {replaceBlock} from './support/generated-block.js';

const DOCS = fileURLToPath(new URL('../docs/', import.meta.url)), PAGE = `${DOCS}l2o-entropy.md`;
const {values: args} = parseArgs({options: {
  workers: {type: 'string', default: '2'}, runs: {type: 'string', default: 'runs/l2o-entropy'}, write: {type: 'boolean', default: false},
  part: {type: 'string', multiple: true, default: ['tune', 'reproduce', 'link']}, rules: {type: 'string'}, 'meta-seeds': {type: 'string'},
  'outer-steps': {type: 'string'}, seeds: {type: 'string'},
}});
const plan: Plan = {
  ...FULL,
  ...(args.rules !== undefined && {rules: args.rules.split(',').map(checkRule)}),
  ...(args['meta-seeds'] !== undefined && {metaSeeds: FULL.metaSeeds.slice(0, Number(args['meta-seeds']))}),
  ...(args['outer-steps'] !== undefined && {outerSteps: everyRule(Number(args['outer-steps'])), startSteps: everyRule(Number(args['outer-steps']))}),
  ...(args.seeds !== undefined && {numSeeds: Number(args.seeds)}),
};
const PENALTIES = MEASURES.filter((measure): measure is Penalty => measure !== 'plain');
const records = new Records(args.runs), pool = new Pool(Number(args.workers), {folder: args.runs, plan}), started = performance.now();

function checkRule(name: string): RuleName {
  const rule = RULE_NAMES.find(known => known === name);
  if (rule === undefined) throw new Error(`--rules must be among ${RULE_NAMES.join(', ')}, got ${name}`);
  return rule;
}

function everyRule(steps: number): Record<RuleName, number> {
  return Object.fromEntries(RULE_NAMES.map(rule => [rule, steps])) as Record<RuleName, number>;
}

async function work(jobs: readonly Job[]): Promise<void> {
  await pool.run(jobs, (job, done) => process.stderr.write(`${((performance.now() - started) / 60_000).toFixed(1)} min, ${done} of ${jobs.length}: ${describeJob(job)}\n`));
}

/** Makes what is missing, and gives all of it in the order of the cells. */
async function judged(cells: readonly Cell[], suite: SuiteName): Promise<Judged[]> {
  for (const jobs of jobsOf(cells, suite)) await work(jobs);
  const found: Judged[] = [];
  for (const cell of cells) found.push({metaSeed: cell.metaSeed, judging: await judgeCell(records, cell, suite, plan), training: (await trainCell(records, cell, plan)).record});
  return found;
}

interface Tuned {
  readonly strength: number;
  readonly scores: ReadonlyArray<{readonly strength: number; readonly accuracy: number}>;
}
type Tuning = Readonly<Record<Penalty, Tuned>> & {readonly plain: number};

/** For each penalty the strength of the highest accuracy on the validation tasks, and the plain rule's accuracy there. */
async function tune(rule: RuleName): Promise<Tuning> {
  const cellsOf = (measure: Cell['measure'], strength: number): Cell[] => plan.tuningSeeds.map(metaSeed => ({rule, metaSeed, measure, strength}));
  const grid = [cellsOf('plain', 0), ...PENALTIES.flatMap(measure => plan.strengths[measure].map(strength => cellsOf(measure, strength)))];
  const all = await judged(grid.flat(), 'validation'), numTuning = plan.tuningSeeds.length;
  const scores = grid.map(([cell], i) => ({...cell!, accuracy: mean(all.slice(i * numTuning, (i + 1) * numTuning).map(one => thetaMean(one, s => s.testAccuracy)))}));
  const tuned = (measure: Penalty): Tuned => {
    const own = scores.filter(score => score.measure === measure).map(({strength, accuracy}) => ({strength, accuracy}));
    return {strength: chooseStrength(own), scores: own};
  };
  return {plain: scores[0]!.accuracy, hessian: tuned('hessian'), localEntropy: tuned('localEntropy')};
}

async function reproduce(rule: RuleName, tuning: Tuning): Promise<object> {
  const strengthOf = (measure: Cell['measure']): number => (measure === 'plain' ? 0 : tuning[measure].strength);
  // Seed by seed, so that twins are made together.
  const cells = plan.metaSeeds.flatMap(metaSeed => MEASURES.map((measure): Cell => ({rule, metaSeed, measure, strength: strengthOf(measure)})));
  const found = await judged(cells, 'unseen'), of = (measure: Cell['measure']): Judged[] => found.filter((_, i) => cells[i]!.measure === measure);
  return {
    plain: describe(of('plain')),
    ...Object.fromEntries(PENALTIES.map(measure => [measure, {strength: strengthOf(measure), ...compare(of(measure), of('plain'))}])),
  };
}

async function link(): Promise<object> {
  await work(LINK_SEEDS.map(seed => ({kind: 'link', seed})));
  const pieces = LINK_SEEDS.map(seed => linkSolutions(records, seed)), solutions = pieces.flatMap(piece => piece.solutions);
  if (args.write) {
    mkdirSync(`${DOCS}images`, {recursive: true});
    for (const [i, task] of [...new Set(solutions.map(solution => solution.task))].entries()) {
      writeFileAtomically(`${DOCS}images/l2o-entropy-link-${i + 1}.svg`, linkFigure(solutions, task));
      writeFileAtomically(`${DOCS}images/l2o-entropy-gap-${i + 1}.svg`, gapFigure(solutions, task));
    }
  }
  return {seconds: pieces.reduce((sum, {seconds}) => sum + seconds, 0), numSeeds: LINK_SEEDS.length, ...linkTable(solutions)};
}

const file = `${DOCS}results/l2o-entropy.json`, old = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Partial<Results> : {};
const example: Cell = {rule: 'lstm-dm', metaSeed: plan.metaSeeds[0]!, measure: 'hessian', strength: 1};

interface Results {
  readonly protocol: object;
  tuning: Record<string, Tuning>;
  rules: Record<string, object>;
  link?: object;
  adam?: object;
}
const results: Results = {
  tuning: {}, rules: {}, ...old, protocol: {...plan, examples: {start: startOptions(example.rule, example.metaSeed, plan), cell: cellOptions(example, plan)}},
};

/** The results so far. */
function shown(): string {
  return `${JSON.stringify(results, (_, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value), 1)}\n`;
}

function keep(): void {
  if (args.write) writeFileAtomically(file, shown());
}

results.adam = adamReference(plan);
if (args.part.includes('link')) {
  results.link = await link();
  keep();
}
for (const rule of plan.rules) {
  if (args.part.includes('tune')) results.tuning[rule] = await tune(rule);
  const tuning = results.tuning[rule];
  if (args.part.includes('reproduce')) {
    if (tuning === undefined) throw new Error(`expected strengths of ${rule}, got none: take --part tune too`);
    results.rules[rule] = await reproduce(rule, tuning);
  }
  keep();
}
pool.stop();
if (args.write) {
  // As they are rounded in the JSON: whoever makes the tables from it gets the same.
  const {rules} = JSON.parse(shown()) as Results;
  replaceBlock(PAGE, 'l2o-entropy-accuracy', accuracyTable(rules));
  replaceBlock(PAGE, 'l2o-entropy-tasks', taskTable(rules));
}
process.stdout.write(shown());
