import {L2OError} from '../../errors.js';
import {isTaskFamily, loadFamily, moduleUrl, prepareGradients} from '../../meta/family-module.js';
import type {MetaFitResult} from '../../meta/meta-fit-result.js';
import type {LocatedFamily} from '../../meta/ops-pair.js';
import {OptionChecks} from '../../option-checks.js';
import {Random} from '../../random.js';
import type {TaskFamily} from '../../tasks/task-family.js';
import {ADAM_RATES, bestAdamRate, lossCurve, type FreshTaskPlan, type LossCurve, type Trainer} from './fresh-tasks.js';
import {metaFitPage} from './page.js';
import {readRecipe} from './recipe.js';
import {stepRates} from './step-rates.js';

/** Options of {@link metaFitReport}. Only `tasks` is required. */
export interface MetaFitReportOptions {
  /** The family to compare on, as `metaFit` takes it: the object, or URL or path of its module. */
  readonly tasks: TaskFamily | URL | string;
  /** Fresh tasks, ≥ 2, that the trained optimizer and Adam are compared on. Default 12. */
  readonly numTasks?: number | undefined;
  /** Further fresh tasks, ≥ 1, that Adam's rate is chosen on. Default 6. */
  readonly numTuningTasks?: number | undefined;
  /** Steps of each run, ≥ 1. Default: the longest horizon of the meta-training. */
  readonly numSteps?: number | undefined;
  /** Called after each run. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Tasks on which the rule's own steps are looked at. */
const NUM_OBSERVED = 4;
const checks: OptionChecks = new OptionChecks('metaFitReport');

/**
 * A report of a meta-training, as the text of a self-contained HTML page: meta-loss and held-out loss over the outer steps, the
 * outer learning rate and what multiplies Adam's step inside the trained rule, and loss curves of the trained optimizer against
 * Adam at the best of nine rates, on fresh tasks that neither training nor choice of theta has drawn.
 *
 * @returns The page; the caller writes it.
 * @throws L2OError `INVALID_ARGUMENT` or `UNKNOWN_OPTION`, before any task runs; as `metaFit` for a family that breaks its contract.
 * @example
 * const result = await metaFit({tasks: family, numOuterSteps: 300});
 * writeFileSync('report.html', await metaFitReport(result, {tasks: family}));
 */
export async function metaFitReport(result: MetaFitResult, options: MetaFitReportOptions): Promise<string> {
  const given = checks.names(options, ['tasks', 'numTasks', 'numTuningTasks', 'numSteps', 'onProgress']), recipe = readRecipe(result.recipe);
  const integer = (name: 'numTasks' | 'numTuningTasks' | 'numSteps', fallback: number, min: number): number =>
    checks.number(name, given[name] ?? fallback, {integer: true, min, max: 2 ** 20}, `Leave it out for ${fallback}.`);
  const numTasks = integer('numTasks', 12, 2), numTuning = integer('numTuningTasks', 6, 1), numSteps = integer('numSteps', recipe.horizon, 1);
  const {onProgress = (): void => undefined} = given as MetaFitReportOptions;
  if (typeof onProgress !== 'function') checks.reject('onProgress must be a function', onProgress, 'For example onProgress: (done, total) => console.log(done / total).');
  const family = await locate(given.tasks), {on, over} = recipe;
  const plan: FreshTaskPlan = {family, random: new Random(recipe.seed).fork('report'), numSteps, on};
  const trained: Trainer = {
    theta: result.theta.values, options: {rule: result.theta.rule, horizon: recipe.knowsHorizon ? numSteps : 0, hasLoss: recipe.seesLoss},
  };
  const total = numTuning * ADAM_RATES.length + 2 * numTasks + 1;
  let done = 0;
  const run = async <T>(work: () => T): Promise<T> => {
    const outcome = work();
    onProgress(++done, total);
    // Others have a turn, a live line among them.
    await new Promise((resolve) => setTimeout(resolve, 0));
    return outcome;
  };
  const curves = async (kind: string, count: number, trainer: Trainer): Promise<LossCurve[]> => {
    const list: LossCurve[] = [];
    for (let i = 0; i < count; i++) list.push(await run(() => lossCurve(plan, `${kind} ${i}`, trainer)));
    return list;
  };
  const tuning = new Map<number, LossCurve[]>();
  for (const rate of ADAM_RATES) tuning.set(rate, await curves('tuning', numTuning, {adamRate: rate}));
  const search = bestAdamRate(tuning, over);
  const ours = await curves('fresh', numTasks, trained), adam = await curves('fresh', numTasks, {adamRate: search.rate});
  const observed = Array.from({length: Math.min(NUM_OBSERVED, numTasks)}, (_, i) => `fresh ${i}`);
  const rates = await run(() => stepRates(plan, observed, trained));
  return metaFitPage({result, recipe, family: family.family.name, numSteps, numTuning, search, ours, adam, rates, numObserved: observed.length});
}

async function locate(tasks: unknown): Promise<LocatedFamily> {
  await prepareGradients();
  if (isTaskFamily(tasks)) return {family: tasks, module: undefined};
  if (tasks instanceof URL || (typeof tasks === 'string' && tasks !== '')) return loadFamily(moduleUrl(tasks));
  throw new L2OError('INVALID_ARGUMENT', 'metaFitReport: tasks must be a task family, or URL or path of a module with one as default export. Pass what metaFit was given.');
}
