import {basename, extname, join, relative, resolve} from 'node:path';
import {metaFit} from '../../meta/meta-fit.js';
import type {MetaFitProgress} from '../../meta/meta-fit-options.js';
import type {MetaFitResult} from '../../meta/meta-fit-result.js';
import {formatDuration, formatNumber} from '../../report/format.js';
import {metaFitReport} from '../../report/meta-fit/report.js';
import type {RunOptions} from '../args.js';
import {writeFileAtomically} from '../atomic-file.js';
import {useBackend} from '../backend.js';
import {describeEnvironment} from '../environment.js';
import type {ProgressReporter} from '../progress.js';
import {readConfig, toMetaFitOptions, type RunConfig} from './config.js';
import {openRunFolder, reopenRun, RUN_FILES, writing} from './run-folder.js';

/** What the commands need of the world around them. */
export interface RunWorld {
  readonly progress: ProgressReporter;
  /** Writes to stdout. */
  readonly print: (text: string) => void;
  /** Writes to stderr. */
  readonly notify: (text: string) => void;
  /** Asks the run to end after the window in flight. */
  readonly signal: AbortSignal;
}

/** A run that was checked and is written down, but has not begun. */
export interface PreparedRun {
  readonly command: 'meta-fit' | 'resume';
  /** Absolute. */
  readonly folder: string;
  readonly config: RunConfig;
  readonly options: RunOptions;
}

/**
 * Checks everything that `tfjs-l2o meta-fit` is given, and writes the run down in its folder.
 *
 * @throws L2OError where anything is wrong; then nothing has been written.
 */
export async function prepareRun(configPath: string, out: string | undefined, options: RunOptions): Promise<PreparedRun> {
  const config = await readConfig(configPath);
  const folder = resolve(out ?? config.folder ?? join('runs', basename(configPath, extname(configPath))));
  await openRunFolder(folder, config);
  return {command: 'meta-fit', folder, config, options};
}

/** Checks the folder that `tfjs-l2o resume` is given. @throws L2OError where it cannot go on. */
export async function prepareResume(folder: string, options: RunOptions): Promise<PreparedRun> {
  return {command: 'resume', folder: resolve(folder), config: await reopenRun(folder), options};
}

/**
 * Runs `tfjs-l2o meta-fit` and `tfjs-l2o resume`: meta-trains, writes theta and report, prints what came of it.
 *
 * @returns Whether the run came to its end; false where the signal stopped it.
 */
export async function runCommand({command, folder, config, options}: PreparedRun, world: RunWorld): Promise<boolean> {
  const start = performance.now(), shown = relative('.', folder) || '.';
  // That of the workers, so that the theta does not depend on their number.
  await useBackend('cpu');
  const run = toMetaFitOptions(config, {
    checkpointDir: folder, signal: world.signal, onProgress: (progress) => world.progress.update(line(progress)),
    ...(config.initialTheta !== undefined && {initialTheta: config.initialTheta}), ...(options.workers !== undefined && {workers: options.workers}),
  });
  world.notify(`Run in ${shown}. Stop with Ctrl-C and go on with: tfjs-l2o resume ${shown}\n`);
  const result = await metaFit(run);
  await result.save(join(folder, RUN_FILES.theta));
  const isDone = result.stopped !== 'aborted';
  if (isDone) {
    const report = await metaFitReport(result, {
      tasks: run.heldOut ?? run.tasks, onProgress: (stepsDone, stepsTotal) => world.progress.update({phase: 'comparing with Adam on fresh tasks', stepsDone, stepsTotal}),
    });
    await writing(folder, () => writeFileAtomically(join(folder, RUN_FILES.report), report));
  }
  world.progress.clear();
  const seconds = (performance.now() - start) / 1000;
  world.print(options.json ? `${runJson(command, result, folder, seconds)}\n` : runText(result, shown, seconds));
  if (!isDone) world.notify(`Stopped at outer step ${lastStep(result)}, with a checkpoint. Go on with: tfjs-l2o resume ${shown}\n`);
  return isDone;
}

function line({outerStep, numOuterSteps, metaLoss, heldOut, innerStepsPerSecond, secondsLeft}: MetaFitProgress): Parameters<ProgressReporter['update']>[0] {
  const phase = `${outerStep}/${numOuterSteps}  meta-loss ${formatNumber(metaLoss)}  held-out ${formatNumber(heldOut)}  ${Math.round(innerStepsPerSecond)} steps/s`;
  return {phase, stepsDone: outerStep, stepsTotal: numOuterSteps, secondsLeft};
}

function lastStep({history}: MetaFitResult): number {
  return history.at(-1)?.outerStep ?? 0;
}

const ENDS: Readonly<Record<MetaFitResult['stopped'], string>> = {
  done: 'All outer steps made', early: 'Ended early: no better theta for as long as patience allows', aborted: 'Stopped before its end',
};

function runText(result: MetaFitResult, folder: string, seconds: number): string {
  const {best, history, theta, stopped} = result, first = history[0]?.heldOut;
  return [
    `${ENDS[stopped]}: ${lastStep(result)} outer steps in the run, ${formatDuration(seconds)} now.`,
    `Best theta: ${theta.hash} (rule ${theta.rule}), of outer step ${best.outerStep}.`,
    `Held-out score ${formatNumber(best.heldOut)}${first === undefined ? '' : `, at the start ${formatNumber(first)}`}; lower is better.`,
    `Theta: ${join(folder, RUN_FILES.theta)}`,
    ...(stopped === 'aborted' ? [] : [`Report: ${join(folder, RUN_FILES.report)}`]),
    '',
  ].join('\n');
}

function runJson(command: PreparedRun['command'], result: MetaFitResult, folder: string, seconds: number): string {
  const {best, history, theta, stopped, recipe} = result, {hash, rule, ruleVersion} = theta;
  return JSON.stringify({
    command, environment: describeEnvironment('cpu'), stopped, folder, outerSteps: lastStep(result),
    theta: {hash, rule, ruleVersion, file: join(folder, RUN_FILES.theta)}, best,
    heldOut: history.flatMap(({outerStep, heldOut}) => (heldOut === undefined ? [] : [{outerStep, heldOut}])),
    diverged: history.reduce((sum, {diverged}) => sum + diverged, 0),
    recipe: JSON.parse(recipe) as unknown,
    report: stopped === 'aborted' ? null : join(folder, RUN_FILES.report), totalSeconds: seconds,
  });
}
