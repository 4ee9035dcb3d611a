/**
 * The experiments of docs/step-size.md, after Wang, Yuan, Wu, Ge (2021), "Guarantees for Tuning the Step Size using a
 * Learning-to-Learn Approach" (arXiv 2006.16495). Prints one JSON object; the same on every run.
 *
 *     npx tsx bench/step-size.ts --experiment 1            quadratics, 20 seeds: about 10 s
 *     npx tsx bench/step-size.ts --experiment 2            least squares, d = 200: about 25 s
 *     npx tsx bench/step-size.ts --experiment 2 --full     least squares, d = 1,000: some minutes
 *
 * Without `--experiment` both; with `--write` it also renews docs/results/step-size.json and the figures.
 */
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {parseArgs} from 'node:util';
import {conditionFigure, curvatureFigure, gradientsFigure, pathsFigure, tuningFigure} from './step-size/figures.js';
import {FULL, SMALL, studySetting, type StudyRow} from './step-size/least-squares-study.js';
import {rankCorrelation} from './support/correlation.js';
import {MILESTONES, optimumByNumSteps, studyProblem, studySeed, WELL_CONDITIONED_BELOW, WELL_CONDITIONED_SEEDS} from './step-size/quadratic-study.js';
import {DOCS, writePicture} from './support/picture.js';

const NUM_SEEDS = 20, FIGURE_SEED = 1, STEP_COUNTS = [10, 20, 40, 80, 160, 320, 640];
const SMALL_RUN = {numTasks: 20, numTests: 40}, FULL_RUN = {numTasks: 20, numTests: 20};

const {values} = parseArgs({options: {
  experiment: {type: 'string', multiple: true, default: ['1', '2']},
  full: {type: 'boolean', default: false},
  write: {type: 'boolean', default: false},
}});
const unknown = values.experiment.find(name => name !== '1' && name !== '2');
if (unknown !== undefined) throw new Error(`--experiment must be 1 or 2, got ${unknown}`);

const results: Record<string, unknown> = {}, figures: Record<string, string> = {};
if (values.experiment.includes('1')) experiment1();
if (values.experiment.includes('2')) experiment2();
if (values.write) write();
console.log(JSON.stringify(results, roundNumbers, 1));

function experiment1(): void {
  const studies = Array.from({length: NUM_SEEDS}, (_, seed) => studySeed(seed));
  const seeds = studies.map(study => study.result).sort((a, b) => a.conditionNumber - b.conditionNumber);
  const listed = seeds.filter(({seed}) => WELL_CONDITIONED_SEEDS.includes(seed));
  const share = (holds: (r: typeof seeds[number]) => boolean, of = seeds): string => `${of.filter(holds).length} of ${of.length}`;
  // A seed that never settles ranks behind all others.
  const settled = seeds.map(r => r.settledAt ?? Infinity);
  results.experiment1 = {
    withinFivePercent: Object.fromEntries(MILESTONES.map((k, m) => [k, share(r => r.errors[m]! <= 0.05)])),
    settledWithinFivePercent: Object.fromEntries(MILESTONES.map(k => [k, share(r => r.settledAt !== null && r.settledAt <= k)])),
    wellConditioned: {
      below: WELL_CONDITIONED_BELOW,
      seeds: WELL_CONDITIONED_SEEDS,
      withinFivePercent: Object.fromEntries(MILESTONES.map((k, m) => [k, share(r => r.errors[m]! <= 0.05, listed)])),
      withinTwoPercent: Object.fromEntries(MILESTONES.map((k, m) => [k, share(r => r.errors[m]! <= 0.02, listed)])),
    },
    rankCorrelationOfSettling: {
      withConditionNumber: rankCorrelation(seeds.map(r => r.conditionNumber), settled),
      withCurvature: rankCorrelation(seeds.map(r => r.curvature), settled),
    },
    bisectionWorstError: Math.max(...seeds.map(r => r.bisectionError)),
    backpropFloat32: {
      nonFiniteAtFirstMetaStep: share(r => r.backprop.nonFiniteAt === 1),
      nonFiniteFromSafeStart: share(r => r.backprop.nonFiniteFromSafeStart !== null),
      stuckAtZeroGradientFromSafeStart: share(r => r.backprop.gradientFromSafeStart === 0),
    },
    optimumTimesLargestOverTwo: {numSteps: STEP_COUNTS, bySeed: [0, 1, 2].map(seed => optimumByNumSteps(studyProblem(seed), STEP_COUNTS))},
    seeds,
  };
  figures['step-size-paths'] = pathsFigure(studies.map(study => study.pathErrors));
  figures['step-size-condition'] = conditionFigure(seeds);
  figures['step-size-curvature'] = curvatureFigure(seeds);
  figures['step-size-gradients'] = gradientsFigure(studyProblem(FIGURE_SEED));
}

function experiment2(): void {
  const {numTasks, numTests} = values.full ? FULL_RUN : SMALL_RUN;
  const rows: StudyRow[] = [];
  for (const setting of values.full ? FULL : SMALL) {
    process.stderr.write(`least squares, d = ${setting.numFeatures}, n = ${setting.numExamples}, σ = ${setting.noise}\n`);
    rows.push(studySetting(setting, 0, numTasks, numTests));
  }
  results[values.full ? 'experiment2Full' : 'experiment2'] = rows;
  if (values.full) return;
  figures['step-size-examples'] = tuningFigure(rows.filter(row => row.noise === 1), 'Examples n, for d = 200 and σ = 1', row => row.numExamples);
  figures['step-size-noise'] = tuningFigure(rows.filter(row => row.numExamples === 100), 'Noise σ, for d = 200 and n = 100', row => row.noise);
}

/** Replaces the parts that were run and keeps the others. */
function write(): void {
  const file = `${DOCS}results/step-size.json`;
  mkdirSync(dirname(file), {recursive: true});
  const old = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown> : {};
  const all = Object.entries({...old, ...results}).sort(([a], [b]) => a.localeCompare(b));
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(all), roundNumbers, 1)}\n`);
  for (const [name, svg] of Object.entries(figures)) writePicture(name, svg);
}

/** Six digits: what follows may differ between machines. */
function roundNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value;
}
