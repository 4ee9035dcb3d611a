import {
  dispose, Optimizer, type serialization, type NamedTensorMap, type Scalar, type Variable,
} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import {decodeBase64} from '../base64.js';
import type {Loss, StepOutcome, StepRunner, VariableStep} from '../kernel/runner.js';
import {selectRunner} from '../kernel/select-runner.js';
import {isRuleName} from '../rules/registry.js';
import {defaultTheta} from '../theta/default-theta.js';
import {checkRule, hashTheta, makeTheta, type Theta} from '../theta/theta-file.js';
import {DeferredSteps} from './deferred-steps.js';
import {resolveGradients, type Gradients} from './gradients.js';
import {assertBackend, onReachable} from './live-backend.js';
import {checkLearningRate, checkNumSteps, checkOptions, type LearnedOptimizerOptions, type Settings} from './options.js';
import {readOnce} from './read-once.js';
import {decodeState, encodeState, type NamedTensor} from './saved-state.js';
import {SlotStore} from './slot-store.js';

// What model.save calls before it asks for the weights, all in one turn: tells it apart from a user's own getWeights.
const SAVE_CALLS = ['getClassName', 'getConfig'] as const;

/**
 * A `tf.Optimizer` whose update was learned: give it to `model.compile` and tune nothing.
 *
 * Each variable has an LSTM that reads statistics of gradient, momenta, parameter, loss and time, and sets the size of its
 * steps; each parameter steps along an Adam direction that a tiny network corrects. Slots: 3 floats per parameter and 58
 * per variable, kept outside TF.js's tensors on cpu, wasm and node. It owns its slots: call `dispose` when done.
 *
 * So it is with the default rule, `tensor-lstm`. Those of the zoo (docs/zoo.md) step by tf ops and keep their slots in tensors.
 *
 * Made by {@link learnedOptimizer}. The rule stands in `src/rules/tensor-lstm/spec.ts`; after Metz et al. 2022 ("VeLO",
 * arXiv 2211.09760) and Moudgil et al. 2025 ("Celo", arXiv 2501.12670). Differs from both: it starts as Adam, its steps are
 * bounded, and a tensor of zeros moves.
 */
export class LearnedOptimizer extends Optimizer {
  /** Name under which TF.js saves and loads it. */
  static readonly className = 'LearnedOptimizer';

  private readonly settings: Settings;
  private readonly store = new SlotStore();
  private currentTheta: Theta | undefined;
  private readonly ownTheta: boolean;
  private loss: Loss;
  private skipped = 0;
  /** That of the last step. */
  private lastRunner: StepRunner | undefined;
  /** Steps on backends where reading whether they were made would stall. */
  private readonly deferred = new DeferredSteps();
  private disposed = false;
  /** How many of the calls of {@link SAVE_CALLS} have been made, in order and in this turn. */
  private saveCalls = 0;
  private readonly noticed = new Set<string>();

  /** See {@link learnedOptimizer}. Nothing is allocated before the first step. */
  constructor(options: LearnedOptimizerOptions = {}) {
    super();
    const {settings, theta} = checkOptions(options);
    this.settings = settings;
    this.currentTheta = theta;
    this.ownTheta = theta !== undefined;
  }

  /** Multiplier of the learned step, > 0. Can be set during training. */
  get learningRate(): number {
    return this.settings.learningRate;
  }
  set learningRate(value: number) {
    this.settings.learningRate = checkLearningRate(value);
  }

  /** Planned number of steps, or `undefined` for horizon-free. Can be set during training. */
  get numSteps(): number | undefined {
    return this.settings.numSteps;
  }
  set numSteps(value: number | undefined) {
    this.settings.numSteps = checkNumSteps(value);
  }

  /**
   * Steps that were skipped because the loss or a gradient was not finite. On GPU backends asking for it waits for the device:
   * {@link readSkippedSteps} does not. NaN where training went on elsewhere, and the device that had counted them was gone by then.
   * @throws L2OError `ENVIRONMENT` where the device of the last step is gone.
   */
  get skippedSteps(): number {
    return this.skipped + this.deferred.skipped;
  }

  /** As {@link skippedSteps} at the time of the call, read asynchronously: on GPU backends training goes on meanwhile. @throws as that. */
  async readSkippedSteps(): Promise<number> {
    const {skipped} = this;
    return skipped + await this.deferred.readSkipped();
  }

  /** The weights in use: those of the package unless others were given or restored. Do not change the values. */
  get theta(): Theta {
    return (this.currentTheta ??= defaultTheta());
  }

  /**
   * As `tf.Optimizer.computeGradients`; keeps the loss for the step that follows.
   * @returns Loss and gradients, which the caller disposes.
   * @throws L2OError `ENVIRONMENT` where a variable's backend has been removed or disposed; `DISPOSED`.
   */
  override computeGradients(f: () => Scalar, varList?: Variable[]): {value: Scalar; grads: NamedTensorMap} {
    this.assertLive();
    // Where f throws, an earlier loss must not pass for that of the next step.
    this.loss = undefined;
    this.settleLast();
    const result = onReachable(varList, () => super.computeGradients(f, varList)), {value} = result;
    this.loss = selectRunner(this.notice, this.settings.rule, this.settings.numThreads).readsLoss ? value.dataSync()[0] : value;
    return result;
  }

  /**
   * As `tf.Optimizer.minimize`; but a step that throws leaves no tensor behind.
   * @returns The loss if `returnCost`, which the caller disposes; else null.
   */
  override minimize(f: () => Scalar, returnCost = false, varList?: Variable[]): Scalar | null {
    const {value, grads} = this.computeGradients(f, varList);
    try {
      this.applyGradients(varList === undefined ? grads : varList.map(({name}) => ({name, tensor: grads[name]!})));
    } catch (error) {
      value.dispose();
      throw error;
    } finally {
      dispose(grads);
    }
    if (returnCost) return value;
    value.dispose();
    return null;
  }

  /**
   * One step. With `minimize` and `fit` the loss of this step is known from `computeGradients`; without it the rule does
   * without. Variables without a gradient stay as they are.
   *
   * @param gradients Gradients by variable name, or a list of `{name, tensor}`; they stay the caller's.
   * @throws L2OError `UNSUPPORTED_DTYPE`, `INVALID_ARGUMENT`, `INVALID_WEIGHTS`, `DISPOSED`, before anything changes;
   *     `NON_FINITE` with `onNonFinite: 'throw'`.
   */
  override applyGradients(gradients: Gradients): void {
    this.assertLive();
    this.settleLast();
    const kept = this.takeLoss(), pairs = resolveGradients(gradients);
    if (pairs.length === 0) return;
    const runner = selectRunner(this.notice, this.settings.rule, this.settings.numThreads);
    // The backend may have been changed since the loss was computed.
    const loss = runner.readsLoss && typeof kept === 'object' ? kept.dataSync()[0] : kept;
    const {group, slots} = this.store.prepare(runner, pairs.map(p => p.variable));
    // What the device of the last step has counted may not be there later.
    if (this.lastRunner !== undefined && this.lastRunner !== runner) this.skipped += this.deferred.take();
    this.lastRunner = runner;
    const {settings} = this;
    const steps = pairs.map(({variable, gradient}, i): VariableStep => ({
      variable, gradient, slots: slots[i]!,
      weightDecay: settings.weightDecay > 0 && settings.decayMask(variable.name, variable.shape) ? settings.weightDecay : 0,
    }));
    const outcome = runner.step(this.theta.values, steps, group.loss, loss, {
      time: group.step, horizon: settings.numSteps ?? 0, learningRate: settings.learningRate,
      clipNorm: settings.clipNorm, parameterScale: settings.parameterScale,
    });
    if (!this.settle(outcome, runner)) return;
    group.step++;
    this.incrementIterations();
  }

  /** Whether the step was made, as far as that is known. */
  private settle(outcome: StepOutcome, runner: StepRunner): boolean {
    if (outcome.kind === 'made') return true;
    if (outcome.kind === 'skipped') {
      if (this.settings.onNonFinite === 'throw') this.throwNonFinite(outcome.culprit);
      this.skipped++;
      this.notice(`${outcome.culprit} was not finite: the step was skipped (counted in skippedSteps)`, 'non-finite');
      return false;
    }
    const assertLive = (): void => runner.assertLive?.();
    if (this.settings.onNonFinite === 'throw') this.deferred.watch(outcome.made, assertLive);
    else this.deferred.add(outcome.made, assertLive);
    return true;
  }

  /** With `onNonFinite: 'throw'`, what is known by now of the step before this one, on backends where it is not known at once. */
  private settleLast(): void {
    if (!this.deferred.settle()) this.throwNonFinite('the loss or a gradient of the last step');
  }

  private throwNonFinite(culprit: string): never {
    throw new L2OError('NON_FINITE', `LearnedOptimizer: expected finite numbers, got ${culprit} not finite after ${this.iterations} steps. Nothing was changed; check the data and the loss, or use onNonFinite: 'skip'.`);
  }

  /** The loss that `computeGradients` kept for this step, once. */
  private takeLoss(): Loss {
    const {loss} = this;
    this.loss = undefined;
    return typeof loss === 'object' && loss.isDisposed ? undefined : loss;
  }

  /** Passes a notice on, once per kind. */
  private readonly notice = (message: string, kind = message): void => {
    if (this.noticed.has(kind)) return;
    this.noticed.add(kind);
    this.settings.onNotice(`LearnedOptimizer: ${message}`);
  };

  private assertLive(): void {
    if (this.disposed) throw new L2OError('DISPOSED', 'LearnedOptimizer: expected a live optimizer, got a disposed one. Make a new one with learnedOptimizer().');
  }

  /**
   * All state as named tensors, step counter first. They belong to the caller; those that `model.save` asks for dispose
   * themselves once read, as it never does (TF.js issue 8238).
   */
  override async getWeights(): Promise<NamedTensor[]> {
    this.assertLive();
    assertBackend();
    this.settleLast();
    const slots = this.store.export();
    const weights = encodeState({theta: this.theta.values, iterations: this.iterations, skippedSteps: this.skippedSteps, ...slots}, this.settings.rule);
    if (this.saveCalls === SAVE_CALLS.length) weights.forEach(({tensor}) => readOnce(tensor));
    return Promise.resolve(weights);
  }

  /**
   * Takes up state from {@link getWeights}, theta included. The tensors stay the caller's.
   * @throws L2OError `INVALID_WEIGHTS`, or `INVALID_THETA`; the old state is whole then.
   */
  override async setWeights(weightValues: NamedTensor[]): Promise<void> {
    this.assertLive();
    const {rule} = this.settings, state = await decodeState(weightValues, rule);
    const theta = hashTheta({...this.theta, values: state.theta}) === this.theta.hash ? this.theta : makeTheta(state.theta, rule);
    const saved = new Map(state.variables.map(v => [v.name, v]));
    const known = this.store.known();
    const missing = known.find(({name, shape}) => saved.get(name)?.shape.join() !== shape.join());
    if (missing !== undefined || (known.length > 0 && known.length !== saved.size)) {
      const what = missing === undefined ? `entries of ${known.length} variables` : `entries of '${missing.name}' with shape [${missing.shape.join(', ')}]`;
      throw new L2OError('INVALID_WEIGHTS', `setWeights: expected ${what}, got those of ${[...saved.keys()].map(n => `'${n}'`).join(', ') || 'no variables'}. Set the state of this model, or set it on a new optimizer.`);
    }
    this.currentTheta = theta;
    this.store.restore(state);
    this.loss = undefined;
    this.iterations_ = state.iterations;
    this.skipped = state.skippedSteps;
    this.deferred.dispose();
  }

  /** As in TF.js: {@link LearnedOptimizer.className}. */
  override getClassName(): string {
    this.countSaveCall('getClassName');
    return super.getClassName();
  }

  private countSaveCall(call: (typeof SAVE_CALLS)[number]): void {
    this.saveCalls = SAVE_CALLS[this.saveCalls] === call ? this.saveCalls + 1 : Number(call === SAVE_CALLS[0]);
    queueMicrotask(() => (this.saveCalls = 0));
  }

  /** Options that can be saved; functions (`decayMask`, `onNotice`) cannot. A theta of one's own is part of it. */
  override getConfig(): serialization.ConfigDict {
    this.countSaveCall('getConfig');
    const {numSteps, learningRate, weightDecay, clipNorm, rule, parameterScale, onNonFinite} = this.settings;
    const {values, ruleVersion} = this.theta;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return {
      numSteps: numSteps ?? null, learningRate, weightDecay, clipNorm: clipNorm ?? null, rule, parameterScale, onNonFinite,
      // Plain base64: TF.js camel-cases strings on load, which would break anything with an underscore.
      theta: this.ownTheta ? btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), '')) : null,
      ...(this.ownTheta && {ruleVersion}),
    };
  }

  /** @nocollapse Makes an optimizer from {@link getConfig}'s result. @throws L2OError for a config that is none of ours. */
  static override fromConfig<T extends serialization.Serializable>(cls: serialization.SerializableConstructor<T>, config: serialization.ConfigDict): T {
    // TF.js adds customObjects of its own to what was saved.
    const {customObjects: _ignored, theta, ruleVersion, numSteps, clipNorm, ...rest} = config as Record<string, unknown>;
    const options = {
      ...rest, numSteps: numSteps ?? undefined, clipNorm: clipNorm ?? undefined,
      theta: typeof theta === 'string' ? decodeConfigTheta(theta, rest.rule, ruleVersion) : theta ?? undefined,
    };
    return new cls(options);
  }

  /** Frees all slots. A second call does nothing. */
  override dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.loss = undefined;
    this.store.dispose();
    // The counter outlives what it was counted in.
    this.skipped += this.deferred.take();
  }
}

/** The theta of a config; one without a version is taken for the current one's. */
function decodeConfigTheta(text: string, rule: unknown, ruleVersion: unknown): Float32Array {
  if (ruleVersion !== undefined && isRuleName(rule)) checkRule(rule, ruleVersion);
  try {
    return new Float32Array(decodeBase64(text).buffer);
  } catch (cause) {
    throw new L2OError('INVALID_THETA', `fromConfig: expected theta as base64 of float32 weights, got ${text.length} characters that are none. The saved model is damaged.`, {cause});
  }
}

/**
 * A learned optimizer for `model.compile`, `optimizer.minimize` and `optimizer.applyGradients`. Synchronous; the learned
 * weights are part of the package.
 *
 * @param options See {@link LearnedOptimizerOptions}; all have defaults.
 * @returns The optimizer; call its `dispose` when done.
 * @throws L2OError `UNKNOWN_OPTION`, `INVALID_ARGUMENT` or `INVALID_THETA`.
 * @example
 * model.compile({optimizer: learnedOptimizer({numSteps: 2000}), loss: 'categoricalCrossentropy', metrics: ['accuracy']});
 */
export function learnedOptimizer(options: LearnedOptimizerOptions = {}): LearnedOptimizer {
  return new LearnedOptimizer(options);
}
