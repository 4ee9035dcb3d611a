import {Random} from '../random.js';
import {OptionChecks} from '../option-checks.js';
import {RULE_NAMES, ruleInfo, type RuleName} from '../rules/registry.js';
import type {TaskFamily} from '../tasks/task-family.js';
import {defaultTheta} from '../theta/default-theta.js';
import {checkTheta, makeTheta, type Theta} from '../theta/theta-file.js';
import {checkCurriculum, checkHorizons, checkImitation, checkRegularizer} from './check-extras.js';
import type {Curriculum} from './curriculum.js';
import {ANTITHETIC_KINDS, type EstimatorOptions} from './estimator.js';
import {isTaskFamily, moduleUrl} from './family-module.js';
import type {Imitation} from './imitation.js';
import type {MetaFitOptions} from './meta-fit-options.js';
import {node} from './node.js';
import {OBJECTIVE_DATA, OBJECTIVE_KINDS, OBJECTIVE_RANGES, type Objective} from './objective.js';
import type {HorizonOptions} from './ops-pair.js';
import type {FlatnessPlan, WindowFlatness} from './window-flatness.js';

/** What the result of a run depends on, beside the families: plain data, hashed to tell recipes apart. */
export interface MetaFitRecipe {
  readonly rule: RuleName;
  readonly estimator: EstimatorOptions;
  readonly objective: Objective;
  readonly horizons: HorizonOptions;
  readonly curriculum: Curriculum | undefined;
  readonly imitation: Imitation | undefined;
  readonly flatness: FlatnessPlan | undefined;
  readonly numOuterSteps: number;
  readonly seed: number;
  readonly numPairs: number;
  readonly windowSteps: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly numHeldOut: number;
  readonly validateEvery: number;
  readonly patience: number;
  /** Missing: the best by held-out score. */
  readonly keep: 'last' | undefined;
}

/** Checked options. Families are objects, or URLs of modules. */
export interface MetaFitSettings {
  readonly recipe: MetaFitRecipe;
  readonly tasks: TaskFamily | string;
  readonly heldOut: TaskFamily | string;
  readonly initialTheta: Theta;
  /** What the recipe's `flatness` describes. */
  readonly flatness: WindowFlatness | undefined;
  readonly workers: number;
  readonly checkpointDir: string | undefined;
  readonly checkpointEvery: number;
  readonly onProgress: NonNullable<MetaFitOptions['onProgress']>;
  readonly signal: AbortSignal | undefined;
}

const NAMES = [
  'tasks', 'rule', 'estimator', 'objective', 'regularizer', 'regularizeAt', 'curriculum', 'imitation', 'numOuterSteps', 'seed', 'workers', 'numPairs', 'windowSteps', 'sigma', 'learningRate', 'weightDecay', 'clip',
  'maxDifference', 'signOnly', 'horizons', 'hideHorizon', 'hideLoss', 'initialTheta', 'heldOut', 'numHeldOut', 'validateEvery', 'patience', 'keep', 'checkpointDir',
  'checkpointEvery', 'onProgress', 'signal',
] as const satisfies ReadonlyArray<keyof MetaFitOptions>;
/** Of evolution strategies alone. */
const ANTITHETIC_NAMES = ['sigma', 'maxDifference', 'signOnly'] as const;
const checks: OptionChecks = new OptionChecks('metaFit');

/** Checks all options before any work begins. @throws L2OError `UNKNOWN_OPTION`, `INVALID_ARGUMENT` or `INVALID_THETA`. */
export function checkMetaFitOptions(options: unknown): MetaFitSettings {
  const given = checks.names(options, NAMES);
  const integer = (name: (typeof NAMES)[number], fallback: number, min = 1, max = 2 ** 31): number =>
    checks.number(name, given[name] ?? fallback, {integer: true, min, max}, `Leave it out for ${Number.isFinite(fallback) ? fallback : 'the default'}.`);
  const real = (name: (typeof NAMES)[number], fallback: number, bounds: Parameters<OptionChecks['number']>[2]): number =>
    checks.number(name, given[name] ?? fallback, bounds, `Leave it out for ${fallback}.`);
  const seed = integer('seed', 0, 0, 2 ** 32 - 1), workers = integer('workers', 0, 0, 1024), numPairs = integer('numPairs', 8);
  const rule = checks.oneOf('rule', given.rule ?? 'tensor-lstm', RULE_NAMES, 'Leave it out for tensor-lstm.');
  const estimator = (): EstimatorOptions => {
    const kind = checks.oneOf('estimator', given.estimator ?? 'nres', [...ANTITHETIC_KINDS, 'bptt'], 'Leave it out for nres.');
    if (kind === 'bptt') {
      for (const name of ANTITHETIC_NAMES) if (given[name] !== undefined) checks.reject(`${name} must be left out with estimator 'bptt'`, given[name], 'Backpropagation perturbs nothing.');
      return {kind, stagger: true};
    }
    const signOnly = given.signOnly ?? false;
    if (typeof signOnly !== 'boolean') return checks.reject('signOnly must be true or false', signOnly, 'Leave it out for false.');
    return {kind, sigma: real('sigma', 0.01, {above: 0}), maxDifference: real('maxDifference', 0.5, {above: 0, infinite: true}), signOnly, stagger: true};
  };
  const horizons = checkHorizons(checks, 'horizons', given.horizons ?? [50, 200]), flatness = checkRegularizer(checks, given.regularizer, given.regularizeAt, workers > 0);
  const recipe: MetaFitRecipe = {
    rule, estimator: estimator(), objective: checkObjective(given.objective ?? {}),
    horizons: {horizons, hideHorizon: real('hideHorizon', 0.5, {min: 0, max: 1}), hideLoss: real('hideLoss', 0.1, {min: 0, max: 1})},
    curriculum: checkCurriculum(checks, given.curriculum, horizons), imitation: checkImitation(checks, given.imitation),
    flatness: flatness === undefined ? undefined : {config: flatness.term.config, at: flatness.at},
    numOuterSteps: integer('numOuterSteps', 300), seed, numPairs, windowSteps: integer('windowSteps', 20),
    learningRate: real('learningRate', 1e-3, {above: 0}), weightDecay: real('weightDecay', 0, {min: 0}), clip: real('clip', 2, {above: 0, infinite: true}),
    numHeldOut: integer('numHeldOut', 8), validateEvery: integer('validateEvery', 25), patience: given.patience === undefined ? 0 : integer('patience', 0),
    keep: checks.oneOf('keep', given.keep ?? 'best', ['best', 'last'], 'Leave it out for the best.') === 'last' ? 'last' : undefined,
  };
  if (recipe.keep === 'last' && (recipe.patience > 0 || (recipe.curriculum !== undefined && 'stages' in recipe.curriculum))) {
    checks.reject("keep must be 'best' with patience or a curriculum in stages", given.keep, 'Both go by held-out scores, which the last theta is not chosen by.');
  }
  const tasks = checkFamily('tasks', given.tasks, workers), heldOut = given.heldOut === undefined ? tasks : checkFamily('heldOut', given.heldOut, workers);
  const {onProgress = (): void => undefined, signal} = given;
  if (typeof onProgress !== 'function') checks.reject('onProgress must be a function', onProgress, 'For example onProgress: p => console.log(p.heldOut).');
  if (signal !== undefined && !(signal instanceof AbortSignal)) checks.reject('signal must be an AbortSignal', signal, 'Pass the signal of an AbortController.');
  return {
    recipe, tasks, heldOut, flatness, initialTheta: checkInitialTheta(given.initialTheta, rule, seed), workers: Math.min(workers, numPairs),
    checkpointDir: checkFolder(given.checkpointDir), checkpointEvery: integer('checkpointEvery', 25),
    onProgress: onProgress as MetaFitSettings['onProgress'], signal,
  };
}

function checkObjective(value: unknown): Objective {
  const {kind = 'logLoss', over = 'mean', on = 'train'} = checks.names(value, ['kind', 'over', 'on'], 'objective');
  return {
    kind: checks.oneOf('objective.kind', kind, OBJECTIVE_KINDS, 'Leave it out for logLoss.'),
    over: checks.oneOf('objective.over', over, OBJECTIVE_RANGES, 'Leave it out for the mean.'),
    on: checks.oneOf('objective.on', on, OBJECTIVE_DATA, 'Leave it out for train.'),
  };
}

function checkFamily(name: 'tasks' | 'heldOut', value: unknown, workers: number): TaskFamily | string {
  if (value instanceof URL || (typeof value === 'string' && value !== '')) return moduleUrl(value);
  if (!isTaskFamily(value)) return checks.reject(`${name} must be a task family, or URL or path of a module with one as default export`, value, 'See the interface TaskFamily: {name, sample(random)}.');
  if (workers === 0) return value;
  return checks.reject(`${name} must be URL or path of a module where workers > 0`, `the object '${value.name}' with workers: ${workers}`, 'Functions do not cross to a worker: export the family by default from a module of its own, or use workers: 0.');
}

function checkInitialTheta(value: unknown, rule: RuleName, seed: number): Theta {
  if (value === 'untrained' || (value === undefined && rule !== 'tensor-lstm')) return makeTheta(ruleInfo(rule).initialTheta(new Random(seed).fork('theta')), rule);
  if (value === undefined) return defaultTheta();
  if (value instanceof Float32Array) return makeTheta(value, rule);
  if (typeof value !== 'object' || value === null) return checks.reject("initialTheta must be a Theta, a Float32Array or 'untrained'", value, 'Leave it out for the default.');
  const theta = checkTheta(value as Theta);
  if (theta.rule !== rule) checks.reject(`initialTheta must be of the rule '${rule}'`, theta.rule, `Pass a theta of '${rule}', or rule: '${theta.rule}'.`);
  return makeTheta(theta.values, rule);
}

function checkFolder(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const {paths, urls} = node('checkpointDir');
  if (value instanceof URL && value.protocol === 'file:') return urls.fileURLToPath(value);
  if (typeof value === 'string' && value !== '') return value.startsWith('file://') ? urls.fileURLToPath(value) : paths.resolve(value);
  return checks.reject('checkpointDir must be the path of a folder', value, 'For example checkpointDir: "runs/mine".');
}
