import {L2OError} from '../errors.js';
import {Random} from '../random.js';
import {evaluateTask, type TaskPlan} from './evaluate-task.js';
import {checkEvaluateOptions, type EvaluateOptions, type EvaluateSettings} from './evaluate-options.js';
import {estimateSteps} from './estimate-steps.js';
import {currentBackend, openSource} from './open-suite.js';
import type {BaselineKind} from './optimizers.js';
import type {EvaluationResult} from './result.js';
import {RunCache} from './run-cache.js';
import {runKey} from './run-key.js';
import {RunLedger} from './run-ledger.js';
import type {RunContext} from './run-once.js';
import {RunQueue, RunsEnded, type RunSeat} from './run-queue.js';
import {localSeat, workerSeat} from './seats.js';
import type {SuiteTask} from './suite.js';
import {divergedByPlan, summarizeSensitivity, summarizeSpeedUp, taskResult, type FinishedTask} from './summary.js';

/** Of the bootstrap. */
const SEED = 20;

/**
 * Judges the learned optimizer, untuned, on a suite of tasks beside baselines that are tuned on each task, and beside peers.
 * All run through the rollouts that meta-training uses. The same options give the same result, whatever the number of workers
 * and however often the evaluation was stopped and resumed; only what it says of time differs.
 *
 * @param options See {@link EvaluateOptions}; only `suite` is required. All are checked before any work begins.
 * @returns Plain data, for JSON. Speed-ups are defined in `docs/evaluation.md`.
 * @throws L2OError `UNKNOWN_OPTION`, `INVALID_ARGUMENT` (also for suites and tasks that break their contract), `INVALID_THETA`,
 *     `ENVIRONMENT`.
 * @example
 * const {speedup, noWorseThanAdam} = await evaluate({suite: './my-suite.js', workers: 2, cacheDir: 'runs/evaluation'});
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationResult> {
  const settings = checkEvaluateOptions(options), start = performance.now();
  const {suite, theta, peers, workers, cacheDir, limitMinutes, signal} = settings, source = {suite, theta, peers};
  const context = await openSource(source, workers === 0), cache = cacheDir === undefined ? undefined : new RunCache(cacheDir);
  const tasks = chosenTasks(context.suite.tasks, settings.tasks);
  const isOver = (): RunsEnded | undefined => {
    if (signal?.aborted === true) return new RunsEnded('aborted');
    return performance.now() - start > limitMinutes * 60_000 ? new RunsEnded('limit') : undefined;
  };
  const {seats, backend} = await takeSeats(context, source, workers), queue = new RunQueue(seats, isOver);
  const plan: TaskPlan = {
    baselines: settings.baselines, peers: context.peers.filter(p => p.missing === undefined).map(p => p.name), sensitivity: settings.sensitivity,
  };
  let tasksDone = 0;
  const estimates = tasks.map(({task}) => estimateSteps(task.steps, plan, settings)), stepsEstimated = estimates.reduce((a, b) => a + b, 0);
  const report = (): void => {
    const {stepsKnown, ...steps} = ledger.steps(), isDone = tasksDone === tasks.length;
    settings.onProgress({tasksDone, numTasks: tasks.length, ...steps, stepsTotal: isDone ? stepsKnown : Math.max(stepsKnown, stepsEstimated)});
  };
  const ledger = new RunLedger(queue, cache, spec => runKey(context, spec, backend), report);
  try {
    const finished = await Promise.all(tasks.map(async ({task, index}): Promise<FinishedTask | undefined> => {
      try {
        const {numSeeds, numTuningSeeds} = settings, {steps} = task;
        const runs = await evaluateTask({task: index, steps, numSeeds, numTuningSeeds, run: ledger.run}, plan);
        tasksDone++;
        report();
        return {task, runs};
      } catch (error) {
        if (error instanceof RunsEnded) return undefined;
        throw error;
      }
    }));
    await ledger.settle();
    return summarize(context, settings, plan, finished.filter(f => f !== undefined), ledger, (performance.now() - start) / 1000);
  } finally {
    await queue.stop();
  }
}

function chosenTasks(all: readonly SuiteTask[], names: readonly string[] | undefined): Array<{task: SuiteTask; index: number}> {
  const unknown = names?.find(name => !all.some(task => task.name === name));
  if (unknown !== undefined) {
    throw new L2OError('INVALID_ARGUMENT', `evaluate: expected tasks of the suite, got '${unknown}'. It has: ${all.map(({name}) => name).join(', ')}.`);
  }
  return all.map((task, index) => ({task, index})).filter(({task}) => names?.includes(task.name) ?? true);
}

async function takeSeats(context: RunContext, source: Parameters<typeof openSource>[0], workers: number): Promise<{seats: RunSeat[]; backend: string}> {
  const {suite} = source;
  if (workers === 0 || typeof suite !== 'string') return {seats: [localSeat(context)], backend: currentBackend()};
  const started = await Promise.allSettled(Array.from({length: workers}, () => workerSeat({...source, suite})));
  const seats = started.filter(s => s.status === 'fulfilled').map(({value}) => value), failed = started.find(s => s.status === 'rejected');
  if (failed === undefined) return {seats: seats.map(({seat}) => seat), backend: seats[0]!.backend};
  await Promise.all(seats.map(({seat}) => seat.stop()));
  throw failed.reason;
}

function summarize(
  {suite, theta, peers}: RunContext, {recipe, numSeeds, sensitivity}: EvaluateSettings, {baselines, peers: present}: TaskPlan,
  finished: readonly FinishedTask[], ledger: RunLedger, seconds: number,
): EvaluationResult {
  const others = [...baselines, ...present, 'adamDefault'], tasks = finished.map(taskResult), random = new Random(SEED);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const shares = (of: 'noWorse' | 'noWorseAsTuned'): EvaluationResult['noWorse'] =>
    Object.fromEntries(others.map(name => [name, tasks.length === 0 ? null : tasks.filter(t => t.comparisons[name]![of]).length / tasks.length]));
  const noWorse = shares('noWorse');
  const tuningSteps = Object.fromEntries(baselines.map((kind): [BaselineKind, number] => [kind, sum(tasks.map(t => t.optimizers[kind]!.tuning!.innerSteps))]));
  const unfinished = suite.tasks.filter(({name}) => !tasks.some(t => t.name === name)).map(({name}) => name);
  return {
    version: 1, suite: suite.name, theta: {rule: theta.rule, hash: theta.hash}, recipe: recipe ?? null,
    numTasks: tasks.length, numSeeds, complete: unfinished.length === 0 && (suite.skipped ?? []).length === 0, unfinished,
    missing: peers.filter(p => p.missing !== undefined).map(({name, missing}) => ({name, reason: missing!})),
    skipped: suite.skipped ?? [],
    speedup: Object.fromEntries(others.map(name => [name, summarizeSpeedUp(finished, name, random.fork(name))])),
    noWorse, noWorseAsTuned: shares('noWorseAsTuned'), noWorseThanAdam: noWorse.adam ?? null,
    divergedRuns: sum(tasks.map(t => t.divergedBeyondAdam)),
    diverged: Object.fromEntries(['learned', ...others].map(name => [name, sum(tasks.map(t => t.optimizers[name]!.diverged))])),
    divergedByPlan: divergedByPlan(finished),
    sensitivity: !sensitivity || tasks.length === 0 ? null
      : Object.fromEntries([...baselines, ...present].map(name => [name, summarizeSensitivity(finished, name)])),
    cost: {innerSteps: ledger.steps().stepsDone, runSeconds: ledger.runSeconds, numRuns: ledger.numRuns, cachedRuns: ledger.cachedRuns, tuningSteps, seconds},
    tasks,
  };
}
