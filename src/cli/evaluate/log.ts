import {appendFileSync, mkdirSync} from 'node:fs';
import {dirname} from 'node:path';
import type {EvaluationResult} from '../../evaluation/result.js';

/** What is known of an evaluation before it has a result. */
export interface EvaluationStart {
  /** Its name, or that of its module's file. */
  readonly suite: string;
  /** Hash of the theta. */
  readonly theta: string;
  readonly recipe: string | null;
  /** Names of tasks; `null` for all. */
  readonly tasks: readonly string[] | null;
  /** `null` for all. */
  readonly baselines: readonly string[] | null;
  readonly numSeeds: number;
}

/** One line of the log of a suite: when it was run, with what, and what came of it. */
export function logLine(result: EvaluationResult, date: Date): string {
  const {suite, theta, recipe, complete, numTasks, numSeeds, speedup, noWorseThanAdam, noWorseAsTuned, divergedRuns, sensitivity, cost} = result;
  const figures = Object.fromEntries(Object.entries(speedup).map(([name, s]) => [name, s === null ? null : {iqm: s.iqm, low: s.low, high: s.high}]));
  return JSON.stringify({
    date: date.toISOString(), event: 'result', suite, theta: theta.hash, rule: theta.rule, recipe, complete, numTasks, numSeeds, speedup: figures, noWorseThanAdam, noWorseAsTuned: noWorseAsTuned.adam ?? null, divergedRuns,
    sensitivity: sensitivity?.adam?.largestChange ?? null, innerSteps: cost.innerSteps, runSeconds: Math.round(cost.runSeconds),
  });
}

/** The line that is written with the first run, so that a call that is stopped has left its trace. */
export function startLine(start: EvaluationStart, date: Date): string {
  return JSON.stringify({date: date.toISOString(), event: 'started', ...start});
}

/** Appends a line to a log in one write, so that none is ever torn. */
export function appendLog(path: string, line: string): void {
  mkdirSync(dirname(path), {recursive: true});
  appendFileSync(path, `${line}\n`);
}
