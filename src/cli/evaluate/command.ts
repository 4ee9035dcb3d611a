import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {basename} from 'node:path';
import {L2OError} from '../../errors.js';
import {evaluate} from '../../evaluation/evaluate.js';
import type {EvaluateOptions, EvaluateProgress} from '../../evaluation/evaluate-options.js';
import type {EvaluationResult} from '../../evaluation/result.js';
import {RunCache} from '../../evaluation/run-cache.js';
import {hashText} from '../../hash-text.js';
import {findings} from '../../report/evaluation/findings.js';
import {evaluationReport} from '../../report/evaluation/report.js';
import {sensitivityTable, summaryTable, taskTable} from '../../report/evaluation/tables.js';
import {textTable} from '../../report/table.js';
import {savedDefaultTheta} from '../../theta/default-theta.js';
import type {Theta} from '../../theta/theta-file.js';
import {loadTheta} from '../../theta/theta-io.js';
import {checkWritable, writeFileAtomically} from '../atomic-file.js';
import {useBackend} from '../backend.js';
import {packageVersion} from '../environment.js';
import type {Progress, ProgressReporter} from '../progress.js';
import type {EvaluateCommandOptions} from './args.js';
import {lostByReplacing} from './earlier-result.js';
import {appendLog, logLine, startLine} from './log.js';
import {suiteModule} from './suites.js';

/** Of a recipe. */
const HASH_DIGITS = 16;

/** What the command needs of the world around it. */
export interface EvaluateWorld {
  readonly progress: ProgressReporter;
  /** Writes to stdout. */
  readonly print: (text: string) => void;
  /** Writes to stderr. */
  readonly notify: (text: string) => void;
  /** Sets off a table's header. */
  readonly bold: (text: string) => string;
  readonly now: () => Date;
}

/** What a command line asks for, once everything has been checked and read. */
export interface PreparedEvaluation {
  readonly command: EvaluateCommandOptions;
  readonly options: EvaluateOptions & {readonly theta: Theta};
}

/** Checks what the command was given, before any work. @throws L2OError. */
export async function prepareEvaluation(command: EvaluateCommandOptions): Promise<PreparedEvaluation> {
  const {theta, recipe, peers, tasks, baselines, seeds, workers, cache, limitMinutes, out, report} = command, suite = suiteModule(command.suite);
  // First, since report and result may lie beside the runs.
  new RunCache(cache);
  for (const path of [out, report]) if (path !== undefined) checkWritable(path);
  const saved = theta === undefined ? savedDefaultTheta() : await loadTheta(theta);
  const recipeHash = recipe.length > 0 ? hashFiles(recipe) : saved.metadata.recipe === undefined ? undefined : hashText(saved.metadata.recipe, HASH_DIGITS);
  return {
    command,
    options: {suite, theta: saved.theta, recipe: recipeHash, peers, tasks, baselines, numSeeds: seeds, workers, cacheDir: cache, limitMinutes},
  };
}

/**
 * Runs `tfjs-l2o evaluate`: makes the runs that the cache lacks, writes result and report, prints tables.
 *
 * @returns Whether all runs that were asked for are made and the result is where it was to be; false where the time was up, or where
 *   the file has a result that covers more.
 */
export async function evaluateCommand({command: {suite, json, out, report, log, cache, seeds}, options}: PreparedEvaluation, world: EvaluateWorld): Promise<boolean> {
  // That of the workers, so that the result does not depend on their number.
  await useBackend('cpu');
  world.notify(`Finished runs are kept in ${cache}: stop at any time, and go on with the same command.\n`);
  const line = progressLine(), {theta, recipe = null, tasks, baselines = null} = options;
  let isLogged = log === undefined;
  const onProgress = (progress: EvaluateProgress): void => {
    if (!isLogged) appendLog(log!, startLine({suite: basename(suite), theta: theta.hash, recipe, tasks: tasks ?? null, baselines, numSeeds: seeds}, world.now()));
    isLogged = true;
    world.progress.update(line(progress));
  };
  const result = await evaluate({...options, onProgress});
  world.progress.clear();
  const isDone = tasks === undefined ? result.unfinished.length === 0 : result.numTasks === new Set(tasks).size;
  if (log !== undefined) appendLog(log, logLine(result, world.now()));
  // What is there may be a whole result: a part of one does not replace it.
  const lost = out !== undefined && isDone ? lostByReplacing(out, result) : undefined;
  if (lost !== undefined) world.notify(`${out} was not written: it holds ${lost}, and this call did not. Write to another file with --out.\n`);
  else if (out !== undefined && isDone) writeFileAtomically(out, `${JSON.stringify(result, null, 1)}\n`);
  const environment = [['Package', `tfjs-l2o ${packageVersion()}`], ['Node', process.versions.node], ['Date', world.now().toISOString().slice(0, 10)]] as const;
  writeFileAtomically(report, evaluationReport(result, environment));
  world.print(json ? `${JSON.stringify(result)}\n` : resultText(result, world.bold, report));
  if (!isDone) world.notify(`The time was up after ${result.numTasks} tasks${out === undefined ? '' : `: ${out} was not written`}. Go on with the same command.\n`);
  return isDone && lost === undefined;
}

function resultText(result: EvaluationResult, bold: (text: string) => string, report: string): string {
  const sensitivity = sensitivityTable(result);
  return [
    textTable(taskTable(result), bold), '', textTable(summaryTable(result), bold), '', ...sensitivity === undefined ? [] : [textTable(sensitivity, bold), ''],
    ...findings(result), `Report: ${report}`, '',
  ].join('\n');
}

/** Progress with the time left as the steps that were really made tell it: those from the cache took none. */
function progressLine(): (progress: EvaluateProgress) => Progress {
  const start = performance.now();
  return ({tasksDone, numTasks, stepsDone, stepsTotal, stepsCached}) => {
    const made = stepsDone - stepsCached, seconds = (performance.now() - start) / 1000;
    return {phase: `${tasksDone} of ${numTasks} tasks`, stepsDone, stepsTotal, secondsLeft: made > 0 ? (seconds / made) * (stepsTotal - stepsDone) : Infinity};
  };
}

/** One hash of files, in order. @throws L2OError 'INVALID_ARGUMENT' where one cannot be read. */
function hashFiles(paths: readonly string[]): string {
  const sum = createHash('sha256');
  for (const path of paths) {
    try {
      sum.update(readFileSync(path));
    } catch (cause) {
      throw new L2OError('INVALID_ARGUMENT', `--recipe '${path}' cannot be read. Pass the files that make up the recipe, separated by commas.`, {cause});
    }
  }
  return sum.digest('hex').slice(0, HASH_DIGITS);
}
