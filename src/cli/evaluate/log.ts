import {appendFileSync, mkdirSync} from 'node:fs';
import {dirname} from 'node:path';
import type {EvaluationResult} from '../../evaluation/result.js';

/** One line of the log of a suite: when it was run, with what, and what came of it. */
export function logLine(result: EvaluationResult, date: Date): string {
  const {suite, theta, recipe, complete, numTasks, numSeeds, speedup, noWorseThanAdam, divergedRuns, sensitivity, cost} = result;
  const figures = Object.fromEntries(Object.entries(speedup).map(([name, s]) => [name, s === null ? null : {iqm: s.iqm, low: s.low, high: s.high}]));
  return JSON.stringify({
    date: date.toISOString(), suite, theta: theta.hash, rule: theta.rule, recipe, complete, numTasks, numSeeds, speedup: figures, noWorseThanAdam, divergedRuns,
    sensitivity: sensitivity?.adam?.largestChange ?? null, innerSteps: cost.innerSteps, runSeconds: Math.round(cost.runSeconds),
  });
}

/** Appends a result to a log in one write, so that no line is ever torn. */
export function appendLog(path: string, result: EvaluationResult, date: Date): void {
  mkdirSync(dirname(path), {recursive: true});
  appendFileSync(path, `${logLine(result, date)}\n`);
}
