/** Do local entropy and Hessian measures tell the same of a trained model, and do they foretell how it generalizes? */
import {Random} from '../../src/random.js';
import type {Estimate} from '../../src/report/statistics.js';
import {correlation, ranks} from '../support/correlation.js';
import {kept, stopwatch} from './cells.js';
import {train, type Contender, type Solution} from './judge.js';
import type {Records} from './records.js';
import {MEASURED} from './solution-flatness.js';
import {bootstrap} from './statistics.js';
import {linkTasks} from './tasks.js';

/** A trained model and how it was trained. */
export interface LinkSolution extends Solution {
  readonly task: string;
  readonly optimizer: string;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly seed: number;
}

interface Optimizer {
  readonly name: string;
  readonly rates: readonly number[];
  readonly options: Omit<Contender['options'], 'learningRate'>;
}

const OPTIMIZERS: readonly Optimizer[] = [
  {name: 'adam', rates: [0.001, 0.003, 0.01, 0.03], options: {rule: 'adam'}},
  {name: 'sgd', rates: [0.03, 0.1, 0.3, 1], options: {rule: 'sgd'}},
  {name: 'momentum', rates: [0.01, 0.03, 0.1], options: {rule: 'sgd', momentum: 0.9}},
];
const BATCH_SIZES = [8, 32, 128], STOPS = [600];
/** Inner seeds, each of which gives one solution of each kind: the units that intervals are over. */
export const LINK_SEEDS: readonly number[] = Array.from({length: 12}, (_, i) => 7100 + i);

/** All solutions of one seed. */
export function linkSolutions(records: Records, seed: number): {readonly seconds: number; readonly solutions: readonly LinkSolution[]} {
  const kinds = BATCH_SIZES.flatMap(batchSize => OPTIMIZERS.flatMap(({name, rates, options}) =>
    rates.flatMap(learningRate => linkTasks(batchSize).map(task => ({batchSize, name, task, options: {...options, learningRate}})))));
  const key = {seed, stops: STOPS, kinds: kinds.map(({task, ...kind}) => ({...kind, task: task.name}))};
  return kept(records, `link-${seed}`, key, () => {
    const cpu = stopwatch(), solutions = kinds.map(({batchSize, name, task, options}): LinkSolution => ({
      task: task.name, optimizer: name, learningRate: options.learningRate, batchSize, seed, ...train(task, {options}, {seed, stops: STOPS, withFlatness: true}),
    }));
    return {seconds: cpu(), solutions};
  });
}

/** What solutions are ranked by beside their flatness; larger is worse. */
const OUTCOMES = {
  lossGap: ({testLoss, trainLoss}: Solution) => testLoss - trainLoss,
  accuracyGap: ({trainAccuracy, testAccuracy}: Solution) => trainAccuracy - testAccuracy,
  testError: ({testAccuracy}: Solution) => 1 - testAccuracy,
  minusLogTrainLoss: ({trainLoss}: Solution) => -Math.log(trainLoss),
} as const;
type Column = (typeof MEASURED)[number] | keyof typeof OUTCOMES;

/** Spearman's correlations between pairs of columns, by `one, other`. */
export type LinkTable = Readonly<Record<string, Estimate>>;

/** Groups of solutions that are looked at apart. */
const GROUPS = {
  all: () => true,
  /** All training labels learned, wrong ones too: flatness is compared at equal fit. */
  fitted: ({trainAccuracy}: Solution) => trainAccuracy >= 0.99,
  notFitted: ({trainAccuracy}: Solution) => trainAccuracy < 0.9,
} as const;

/** Rank correlations within each task and group, with intervals over seeds. */
export function linkTable(solutions: readonly LinkSolution[]): object {
  const whole = solutions.filter(({diverged, flatness}) => !diverged && flatness !== undefined && Object.values(flatness).every(Number.isFinite));
  const tasks = [...new Set(whole.map(({task}) => task))];
  return {
    numSolutions: solutions.length, numUsed: whole.length,
    tasks: Object.fromEntries(tasks.map(task => [task, Object.fromEntries(Object.entries(GROUPS).map(([group, belongs]) => {
      const members = whole.filter(solution => solution.task === task && belongs(solution));
      return [group, {numSolutions: members.length, correlations: members.length < MIN_SOLUTIONS ? null : correlations(members)}];
    }))])),
  };
}

/** Of a bootstrap: there are hundreds of correlations. */
const REPLICATES = 500;
/** Fewer solutions have no correlation worth a number. */
const MIN_SOLUTIONS = 30;

function correlations(solutions: readonly LinkSolution[]): LinkTable {
  const bySeed = [...new Set(solutions.map(({seed}) => seed))].map(seed => solutions.filter(solution => solution.seed === seed));
  // All correlations draw the same seeds, so that each column is ranked once for each draw.
  const known = new Map<string, number[]>(), ranksOf = (units: readonly number[], name: Column): number[] => {
    const key = `${name} ${units.join()}`, found = known.get(key) ?? ranks(units.flatMap(unit => bySeed[unit]!.map(solution => column(solution, name))));
    known.set(key, found);
    return found;
  };
  const table: Record<string, Estimate> = {};
  for (const [i, one] of MEASURED.entries()) {
    for (const other of [...MEASURED.slice(i + 1), ...Object.keys(OUTCOMES) as Array<keyof typeof OUTCOMES>]) {
      table[`${one}, ${other}`] = bootstrap(bySeed.length, units => correlation(ranksOf(units, one), ranksOf(units, other)), new Random(0), REPLICATES);
    }
  }
  return table;
}

function column(solution: LinkSolution, name: Column): number {
  return name in OUTCOMES ? OUTCOMES[name as keyof typeof OUTCOMES](solution) : solution.flatness![name as (typeof MEASURED)[number]];
}
