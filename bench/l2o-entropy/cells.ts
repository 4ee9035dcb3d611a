/** Makes the pieces of the study: a meta-trained theta, and how the models do that it trains. Each is kept as soon as it is there. */
import {existsSync, readFileSync} from 'node:fs';
import {writeFileAtomically} from '../../src/cli/atomic-file.js';
import {metaFit} from '../../src/meta/meta-fit.js';
import type {RuleName} from '../../src/rules/registry.js';
import {decodeTheta, encodeTheta, makeTheta, type Theta} from '../../src/theta/theta-file.js';
import {train, type Solution} from './judge.js';
import {cellOptions, startOptions, type Cell, type Plan} from './protocol.js';
import {trainingKey, type Records} from './records.js';
import {judgedTasks, META_FAMILY, type SuiteName} from './tasks.js';

/** What is known of one meta-training run. */
export interface TrainingRecord {
  /** CPU seconds. */
  readonly seconds: number;
  /** Mean objective and penalty over the last tenth of the outer steps. */
  readonly metaLoss: number;
  readonly flatness?: number;
  /** Rollouts that diverged. */
  readonly diverged: number;
  /** Of the theta, which lies beside the record. */
  readonly hash: string;
}

/** The models that one theta trained: those of each task of a suite, by inner seed. */
export interface JudgingRecord {
  readonly seconds: number;
  readonly solutions: Readonly<Record<string, readonly Solution[]>>;
}

/** Inner seeds of each suite begin here. */
export const FIRST_SEED: Readonly<Record<SuiteName, number>> = {validation: 500, unseen: 9000};

/** The theta that all cells of a rule and seed start from. */
export async function startTheta(records: Records, rule: RuleName, metaSeed: number, plan: Plan): Promise<Theta> {
  return (await trained(records, `${rule}-start-${metaSeed}`, startOptions(rule, metaSeed, plan))).theta;
}

/** A cell's theta and how it came about. */
export async function trainCell(records: Records, cell: Cell, plan: Plan): Promise<{readonly theta: Theta; readonly record: TrainingRecord}> {
  return trained(records, nameOf(cell), {...cellOptions(cell, plan), initialTheta: await startTheta(records, cell.rule, cell.metaSeed, plan)});
}

/** A cell's models on a suite. */
export async function judgeCell(records: Records, cell: Cell, suite: SuiteName, plan: Plan): Promise<JudgingRecord> {
  const {theta} = await trainCell(records, cell, plan), {numSeeds, numFlat, stops} = plan, tasks = judgedTasks(suite);
  const name = `${nameOf(cell)}-${suite}`, key = {theta: theta.hash, suite, tasks: tasks.map(task => task.name), numSeeds, numFlat, stops};
  return kept(records, name, key, () => {
    const cpu = stopwatch(), options = {rule: cell.rule, learningRate: 1}, first = FIRST_SEED[suite];
    const solutions = Object.fromEntries(tasks.map(task => [
      task.name, Array.from({length: numSeeds}, (_, i) => train(task, {options, theta: theta.values}, {seed: first + i, stops, withFlatness: i < numFlat})),
    ]));
    return {seconds: cpu(), solutions};
  });
}

/** The value of a key, made and kept where it is missing. */
export function kept<T>(records: Records, name: string, key: object, make: () => T): T {
  const found = records.read(name, key) as T | undefined;
  if (found !== undefined) return found;
  const value = make();
  records.write(name, key, value);
  return value;
}

/** CPU seconds of this process from now on. */
export function stopwatch(): () => number {
  const start = process.cpuUsage();
  return () => {
    const {user, system} = process.cpuUsage(start);
    return (user + system) / 1e6;
  };
}

type Training = ReturnType<typeof startOptions>;

async function trained(records: Records, name: string, options: Training): Promise<{theta: Theta; record: TrainingRecord}> {
  const key = trainingKey(options, META_FAMILY.name), path = `${records.path(name, key)}.safetensors`;
  const known = records.read(name, key) as TrainingRecord | undefined;
  if (known !== undefined && existsSync(path)) {
    const {theta} = decodeTheta(readFileSync(path));
    if (theta.hash === known.hash) return {theta, record: known};
  }
  const cpu = stopwatch(), {theta: {values}, history} = await metaFit({...options, tasks: META_FAMILY}), theta = makeTheta(values, options.rule);
  const last = history.slice(-Math.ceil(history.length / 10)), average = (f: (h: (typeof history)[number]) => number): number => last.reduce((sum, h) => sum + f(h) / last.length, 0);
  const record: TrainingRecord = {
    seconds: cpu(), metaLoss: average(h => h.metaLoss!), ...(options.regularizer !== undefined && {flatness: average(h => h.flatness!)}),
    diverged: history.reduce((sum, h) => sum + h.diverged, 0), hash: theta.hash,
  };
  writeFileAtomically(path, encodeTheta(theta));
  records.write(name, key, record);
  return {theta, record};
}

function nameOf({rule, measure, strength, metaSeed}: Cell): string {
  return `${rule}-${measure}${measure === 'plain' ? '' : `-${strength}`}-${metaSeed}`;
}
