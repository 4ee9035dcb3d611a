import {hashText} from '../hash-text.js';
import {Random} from '../random.js';
import {ruleInfo} from '../rules/registry.js';
import type {TaskFamily} from '../tasks/task-family.js';
import {makeTheta} from '../theta/theta-file.js';
import {CheckpointFolder} from './checkpoint.js';
import {FIRST_STAGE, horizonsAt} from './curriculum.js';
import {loadFamily, prepareGradients} from './family-module.js';
import type {Host, HostOptions} from './host.js';
import {LocalHost} from './local-host.js';
import type {MetaFitOptions} from './meta-fit-options.js';
import {MetaFitResult} from './meta-fit-result.js';
import {checkMetaFitOptions, type MetaFitSettings} from './meta-fit-settings.js';
import {MetaFitRun} from './meta-fit-run.js';
import type {LocatedFamily} from './ops-pair.js';
import {openFamilies, type OpsPlan} from './open-families.js';
import {WorkerHost} from './worker-host.js';

/** Of the hash by which a checkpoint knows its recipe. */
const RECIPE_DIGITS = 16;

/**
 * Meta-trains a rule on tasks of your own: theta is improved by evolution strategies over training runs of the very
 * optimizer that ships, or by backpropagation through it, and chosen by its score on held-out tasks. The same options and seed give the same theta bit for
 * bit on one backend, whatever the number of workers, and whether or not the run was stopped and resumed.
 *
 * @param options See {@link MetaFitOptions}; only `tasks` is required. All are checked before any work begins.
 * @returns The best theta, with its history, `optimizer(options)` and `save(target)`.
 * @throws L2OError `UNKNOWN_OPTION`, `INVALID_ARGUMENT` (also for tasks that break the contract of `TaskFamily`, named with
 *     family, seed and step), `INVALID_THETA`, `CORRUPT_FILE` (a damaged checkpoint), `ENVIRONMENT`, `NON_FINITE`.
 * @example
 * const result = await metaFit({tasks: new URL('./my-family.js', import.meta.url), numOuterSteps: 300, workers: 2});
 * model.compile({optimizer: result.optimizer({numSteps: 500}), loss: 'meanSquaredError'});
 * @see Li et al. 2023, arXiv 2304.12180 (NRES); Vicol et al. 2021, arXiv 2112.13835 (PES).
 */
export async function metaFit(options: MetaFitOptions): Promise<MetaFitResult> {
  const settings = checkMetaFitOptions(options), {recipe, checkpointDir, initialTheta} = settings, host = await startHost(settings);
  try {
    const text = JSON.stringify({ruleVersion: ruleInfo(recipe.rule).version, ...jsonSafe(recipe), initialTheta: initialTheta.hash, families: host.families});
    const folder = checkpointDir === undefined ? undefined : new CheckpointFolder(checkpointDir, hashText(text, RECIPE_DIGITS));
    const saved = folder?.read();
    if (saved !== undefined) await host.restore(saved.pairs);
    const run = new MetaFitRun(settings, host, folder, saved);
    const stopped = await run.toEnd(), {history} = run.state(), chosen = run.chosen();
    return new MetaFitResult(makeTheta(chosen.theta, recipe.rule), {heldOut: chosen.score, outerStep: chosen.outerStep}, history, stopped, text);
  } finally {
    await host.stop();
  }
}

async function startHost({recipe, tasks, heldOut, workers, flatness}: MetaFitSettings): Promise<Host> {
  const {rule, estimator, numPairs, seed, objective, horizons, windowSteps, imitation, curriculum} = recipe, seeds = new Random(seed);
  const plan: OpsPlan = {rule, objective, horizons, windowSteps, heldOutSeed: seeds.fork('held-out').seed, teacherLearningRate: imitation?.teacherLearningRate, flatness: recipe.flatness};
  const options: HostOptions = {rule, estimator, numPairs, seed: seeds.fork('pairs').seed, horizons: horizonsAt(curriculum, horizons.horizons, FIRST_STAGE, 0)};
  if (workers > 0 && typeof tasks === 'string' && typeof heldOut === 'string') return WorkerHost.start({kind: 'ops', plan, tasks, heldOut}, options, workers);
  await prepareGradients();
  const locate = async (family: TaskFamily | string): Promise<LocatedFamily> => (typeof family === 'string' ? loadFamily(family) : {family, module: undefined});
  const train = await locate(tasks), judge = heldOut === tasks ? train : await locate(heldOut);
  return new LocalHost(openFamilies(train, judge, plan, flatness), options);
}

/** Infinity has no word in JSON, and null would be no recipe. */
function jsonSafe(recipe: object): object {
  return JSON.parse(JSON.stringify(recipe, (_, value: unknown) => (value === Infinity ? 'Infinity' : value))) as object;
}
