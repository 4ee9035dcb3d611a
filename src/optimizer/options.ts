import {L2OError} from '../errors.js';
import {assertKnownNames} from '../option-checks.js';
import {isRuleName, ruleNames, type RuleName} from '../rules/registry.js';
import {checkTheta, makeTheta, type Theta} from '../theta/theta-file.js';

/** Options of {@link learnedOptimizer}. All are optional; the defaults need no tuning. */
export interface LearnedOptimizerOptions {
  /**
   * Planned number of training steps (batches), an integer ≥ 1: the optimizer paces itself by it; see {@link planSteps}.
   * Training that goes on past it is planned anew, for twice as long. Default: none, horizon-free. Can be set during training.
   */
  readonly numSteps?: number | undefined;
  /** Multiplier of the learned step, > 0. Default 1. Can be set during training. */
  readonly learningRate?: number | undefined;
  /**
   * Decoupled weight decay, ≥ 0, as AdamW's: each step also takes (rate of the step) × `weightDecay` of a weight away. Default 0.
   * The rate of `lstm-dm` and `rnnprop` is 0.01, that of `scale` its own of each parameter; all times `learningRate`.
   */
  readonly weightDecay?: number | undefined;
  /** Which variables decay, by name and shape. Default: those of rank 2 and more that are no bias and no normalisation weight. Not saved. */
  readonly decayMask?: ((name: string, shape: readonly number[]) => boolean) | undefined;
  /** Largest global norm of the gradients, > 0; larger ones are scaled down. Default: no clipping. */
  readonly clipNorm?: number | undefined;
  /**
   * The learned update: `'tensor-lstm'`, or one of the zoo, `'lstm-dm'`, `'rnnprop'` and `'scale'`, whose weights do not ship with
   * the package: they need a `theta`. Default: the rule of `theta`, or else `'tensor-lstm'`.
   */
  readonly rule?: RuleName | undefined;
  /** Meta-learned weights, of `rule` if that is given. Default: those of `'tensor-lstm'` that ship with the package. */
  readonly theta?: Theta | Float32Array | undefined;
  /** Whether steps are relative to each tensor's RMS. Default `true`, as the shipped weights were trained; `false` in the zoo, whose steps never are. */
  readonly parameterScale?: boolean | undefined;
  /**
   * What to do where the loss or a gradient is not finite: `'skip'` the step (default) or `'throw'` an `L2OError` that names the variable;
   * on GPU backends at the next step, and without the name.
   */
  readonly onNonFinite?: 'skip' | 'throw' | undefined;
  /**
   * Threads that step a large variable (131,072 parameters and more) together, an integer from 1 to 64: on cpu and node in Node or a page
   * with shared memory, and on wasm with threads. Steps are the same, bit by bit, whatever their number. Elsewhere it is noted once, and there is one. Not saved. Default 1.
   */
  readonly numThreads?: number | undefined;
  /** Called with notices that deserve a look, such as a fallback or a skipped step. Default: silent. Not saved. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

/** Options after validation, without the theta. */
export interface Settings {
  numSteps: number | undefined;
  learningRate: number;
  readonly weightDecay: number;
  readonly decayMask: (name: string, shape: readonly number[]) => boolean;
  readonly clipNorm: number | undefined;
  readonly rule: RuleName;
  readonly parameterScale: boolean;
  readonly onNonFinite: 'skip' | 'throw';
  readonly numThreads: number;
  readonly onNotice: (notice: string) => void;
}

const MAX_THREADS = 64;

const OPTION_NAMES: ReadonlyArray<keyof LearnedOptimizerOptions> = [
  'numSteps', 'learningRate', 'weightDecay', 'decayMask', 'clipNorm', 'rule', 'theta', 'parameterScale', 'onNonFinite', 'numThreads', 'onNotice',
];

/** Throws the error of a bad argument. */
export function reject(expected: string, got: unknown, remedy: string): never {
  throw new L2OError('INVALID_ARGUMENT', `learnedOptimizer: ${expected}, got ${describe(got)}. ${remedy}`);
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? Object.prototype.toString.call(value) : String(value);
}

/** @throws L2OError where `value` is no planned number of steps. */
export function checkNumSteps(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  return reject('numSteps must be an integer ≥ 1', value, 'Pass the planned number of training steps, or leave it out.');
}

/** @throws L2OError where `value` is no multiplier. */
export function checkLearningRate(value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  return reject('learningRate must be a number > 0', value, 'It multiplies the learned step; 1 is the learned step itself.');
}

/** Whether a variable decays unless the user says otherwise: kernels do; biases and normalisation weights do not. */
export function defaultDecayMask(name: string, shape: readonly number[]): boolean {
  return shape.length >= 2 && !/(^|[/_])(bias|beta|gamma|moving_mean|moving_variance)[^/]*$/i.test(name);
}

/**
 * Checks all options before anything is made.
 * @throws L2OError `UNKNOWN_OPTION` (with the nearest valid name), `INVALID_ARGUMENT`, or `INVALID_THETA`.
 */
export function checkOptions(options: unknown): {settings: Settings; theta: Theta | undefined} {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) reject('options must be an object', options, 'Call learnedOptimizer({numSteps: 1000}), or learnedOptimizer() for the defaults.');
  assertKnownNames('learnedOptimizer', options, OPTION_NAMES);
  const given: Partial<Record<keyof LearnedOptimizerOptions, unknown>> = options;
  const {weightDecay = 0, clipNorm, onNonFinite = 'skip', numThreads = 1, decayMask = defaultDecayMask, onNotice = (): void => undefined} = given;
  if (typeof weightDecay !== 'number' || !(weightDecay >= 0) || !Number.isFinite(weightDecay)) reject('weightDecay must be a number ≥ 0', weightDecay, 'Typical values lie from 0 to 0.1.');
  if (clipNorm !== undefined && (typeof clipNorm !== 'number' || !(clipNorm > 0) || !Number.isFinite(clipNorm))) reject('clipNorm must be a number > 0', clipNorm, 'Leave it out for no clipping.');
  if (given.rule !== undefined && !isRuleName(given.rule)) reject(`rule must be one of ${ruleNames()}`, given.rule, 'Leave it out to use the default.');
  if (onNonFinite !== 'skip' && onNonFinite !== 'throw') reject("onNonFinite must be 'skip' or 'throw'", onNonFinite, "Use 'throw' to stop at the first bad step.");
  if (typeof numThreads !== 'number' || !Number.isInteger(numThreads) || numThreads < 1 || numThreads > MAX_THREADS) {
    reject(`numThreads must be an integer from 1 to ${MAX_THREADS}`, numThreads, 'Leave it out for one thread; more than the machine has processors do not help.');
  }
  if (typeof decayMask !== 'function') reject('decayMask must be a function of name and shape', decayMask, 'Return true for variables that decay.');
  if (typeof onNotice !== 'function') reject('onNotice must be a function of a string', onNotice, 'For example onNotice: console.warn.');
  const theta = given.theta === undefined ? undefined : checkThetaOption(given.theta, given.rule), rule = given.rule ?? theta?.rule ?? 'tensor-lstm';
  if (rule !== 'tensor-lstm' && theta === undefined) {
    reject(`theta must be given for the rule '${rule}', whose weights do not ship with the package`, undefined, `Train one with metaFit({rule: '${rule}', …}), or load one with loadTheta or loadOptimizer.`);
  }
  const {parameterScale = rule === 'tensor-lstm'} = given;
  if (typeof parameterScale !== 'boolean') reject('parameterScale must be true or false', parameterScale, 'Leave it out unless your theta was trained without it.');
  if (parameterScale && rule !== 'tensor-lstm') reject(`parameterScale must not be true for the rule '${rule}', whose steps are never relative`, parameterScale, 'Leave it out.');
  const settings: Settings = {
    numSteps: checkNumSteps(given.numSteps), learningRate: given.learningRate === undefined ? 1 : checkLearningRate(given.learningRate),
    weightDecay, clipNorm, rule, parameterScale, onNonFinite, numThreads, decayMask: decayMask as Settings['decayMask'], onNotice: onNotice as Settings['onNotice'],
  };
  return {settings, theta};
}

function checkThetaOption(theta: unknown, rule: RuleName | undefined): Theta {
  if (theta instanceof Float32Array) return makeTheta(theta, rule);
  if (typeof theta !== 'object' || theta === null) reject('theta must be a Theta or a Float32Array', theta, 'Leave it out to use the weights that ship with the package.');
  const given: Partial<Record<keyof Theta, unknown>> = theta;
  const checked = checkTheta({...given, rule: String(given.rule), hash: String(given.hash)} as Theta);
  if (rule !== undefined && checked.rule !== rule) {
    throw new L2OError('INVALID_THETA', `learnedOptimizer: expected a theta of the rule '${rule}', got one of '${checked.rule}'. Leave rule out to use the theta's own, or pass a theta of '${rule}'.`);
  }
  return {...checked, values: checked.values.slice()};
}
