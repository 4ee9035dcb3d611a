import type {Optimizer, Scalar, Variable} from '@tensorflow/tfjs-core';
import {Callback, type LayersModel} from '@tensorflow/tfjs-layers';
import {L2OError} from '../errors.js';
import {OptionChecks} from '../option-checks.js';
import {Random} from '../random.js';
import {flatnessTerm} from './create-term.js';
import type {FlatnessTerm} from './flatness-term.js';
import {measureAt, regularizerConfig, resolveRegularizer, type FlatnessRegularizerOptions, type FlatnessRegularizerSettings} from './flatness-regularizer-options.js';
import {FlatnessMark} from './training/flatness-mark.js';
import {hookOf, hookOptimizer, type OptimizerHook} from './training/optimizer-hook.js';
import {regularizedGradients, type FlatnessReport, type GradientResult} from './training/regularized-gradients.js';
import {innerModel, trainedModel, type TrainedModel} from './training/trained-model.js';

const WHERE = 'FlatnessRegularizer';
const checks: OptionChecks = new OptionChecks(WHERE);

type Logs = Parameters<Callback['onBatchEnd']>[1];

/** A `fit` that the callback is part of. */
interface Fit {
  readonly model: TrainedModel;
  readonly history: object;
  readonly hook: OptimizerHook;
}

/**
 * Keeps a model's training in flat parts of its loss: adds the gradient of a flatness penalty to that of the loss in every step,
 * g = ∇f(θ) + strength · ∇P(θ). A callback for `fit` and `fitDataset`; for everything else see {@link wrap}. Works with every optimizer.
 *
 * P is a measure as in `measureFlatness` on the step's own batch: the local entropy, √E‖Hv‖², |trace| or max |λ| of the Hessian H, or
 * sharpness; never lower where the loss is curved down than where it is flat. Its gradient comes from m further gradients of the loss at perturbed
 * weights: m = 1 for `sharpness` (2.1 plain steps in all), `samples` for `localEntropy` and the mean sharpness, `samples` for |trace|, 3 `samples`
 * for √E‖Hv‖², `samples` + 2 for max |λ|. Samples that are not finite are dropped and counted.
 *
 * The extra passes leave no trace: loss, metrics, statistics of normalisation and random numbers are those of a training
 * without them, all passes of a step see the same dropout masks, and weights are put back bit by bit, also where a pass throws.
 * `logs` of batches and epochs get `flatness`, the measure as penalised (of an epoch: the mean over its steps, NaN where there was none),
 * and `flatnessDropped`. Weights are read and written through memory that JavaScript sees: on GPU backends each pass waits for the device, and
 * TF.js's synchronous reads on webgpu hold memory that is freed late: not for long trainings there.
 *
 * Steps are counted for each optimizer, from its first one with this regularizer; `every`, `warmup` and schedules go by that count.
 *
 * @example
 * await model.fit(x, y, {callbacks: [new FlatnessRegularizer({measure: 'localEntropy', strength: 0.1})]});
 * @see Foret et al. (2021), "Sharpness-aware minimization", arXiv 2010.01412; Chaudhari et al. (2017), "Entropy-SGD", arXiv 1611.01838.
 */
export class FlatnessRegularizer extends Callback {
  private readonly settings: FlatnessRegularizerSettings;
  private readonly steps = new WeakMap<Optimizer, number>();
  private numMarks = 0;
  private fit: Fit | undefined;
  private candidate: unknown;
  private latest: FlatnessReport | undefined;
  private epoch: FlatnessReport[] = [];

  /** @throws L2OError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`. */
  constructor(options: FlatnessRegularizerOptions) {
    super();
    this.settings = resolveRegularizer(options);
  }

  /** What the last step's extra passes found; undefined where it had none. */
  get lastReport(): FlatnessReport | undefined {
    return this.latest;
  }

  /**
   * A mark for a layer, `kernelRegularizer: flat.forLayer()`: where any weight of a model is marked, only marked ones are perturbed and
   * regularized. It marks the one weight that it is a regularizer of. Survives `model.save`, and then holds for any regularizer.
   *
   * @param strength Instead of the regularizer's own for this weight, ≥ 0.
   * @throws L2OError `INVALID_ARGUMENT`.
   */
  forLayer(strength?: number): FlatnessMark {
    const mark = new FlatnessMark({strength});
    this.numMarks++;
    return mark;
  }

  /**
   * Regularizes all steps of an optimizer whose gradients come from its own `computeGradients`: `trainOnBatch`, `minimize`.
   *
   * @param model The model it is to train; needed where that has metrics. It may be compiled later.
   * @returns The same optimizer; {@link unwrap} makes it as before.
   * @throws L2OError `INVALID_ARGUMENT` where it is no optimizer, or regularized already.
   */
  wrap<O extends Optimizer>(optimizer: O, model?: LayersModel): O {
    if (typeof (optimizer as Partial<Optimizer> | null | undefined)?.computeGradients !== 'function') checks.reject('wrap expects an optimizer', optimizer, 'For example flat.wrap(tf.train.adam()).');
    let checked: TrainedModel | undefined;
    this.hook(optimizer, (plain, f) => {
      if (model !== undefined && innerModel(model) !== checked) checked = trainedModel(WHERE, model);
      return this.step(optimizer, plain, f, checked);
    }, () => true);
    return optimizer;
  }

  /** Makes a wrapped optimizer as it was. One that this regularizer has not wrapped stays as it is. */
  unwrap(optimizer: Optimizer): void {
    const hook = hookOf(optimizer);
    if (hook?.owner === this && hook !== this.fit?.hook) hook.remove();
  }

  /**
   * The same penalty as a term of `metaFit`'s objective, which is what `metaFit({regularizer})` makes of it.
   * @throws L2OError `INVALID_ARGUMENT` where it changes in training, which there is `regularizeAt`'s affair.
   */
  term(): FlatnessTerm {
    const {strength, gamma, every, warmup, measure} = this.settings;
    for (const [name, schedule] of [['strength', strength], ['gamma', gamma]] as const) {
      if (schedule !== undefined && typeof schedule.given !== 'number') checks.reject(`${name} must be a number as a term of an objective`, schedule.given, 'A term has no steps to go by.');
    }
    if (every !== 1 || warmup !== 0) checks.reject('every and warmup must be left out as a term of an objective', [every, warmup], "Use metaFit's regularizeAt.");
    return flatnessTerm({...measure, strength: strength.at(0)});
  }

  /** All options, as plain data. @throws L2OError `INVALID_ARGUMENT` where a schedule is a function. */
  getConfig(): FlatnessRegularizerOptions {
    return regularizerConfig(this.settings);
  }

  /** A regularizer with the options of {@link getConfig}. */
  static fromConfig(config: FlatnessRegularizerOptions): FlatnessRegularizer {
    return new FlatnessRegularizer(config);
  }

  /** Called by TF.js. */
  override setModel(model: Parameters<Callback['setModel']>[0]): void {
    this.candidate = model;
  }

  /** Called by TF.js. @throws L2OError `INVALID_ARGUMENT` where it is part of another `fit` that still goes on, or the model is not fit for it. */
  override async onTrainBegin(): Promise<void> {
    // Where TF.js takes an array of callbacks for plain objects, it calls their methods on others.
    if (!(this instanceof FlatnessRegularizer)) {
      throw new L2OError('ENVIRONMENT', `${WHERE}: expected a callback that TF.js knows as one, got it taken for a plain object. Put no plain object before it in callbacks; where two copies of TF.js are installed, call register(tf) with yours.`);
    }
    const {candidate} = this;
    if (this.fit !== undefined && isUnderWay(this.fit)) checks.reject('a callback must be part of one fit at a time', 'a second one', 'Make another FlatnessRegularizer for it.');
    this.endFit();
    const model = trainedModel(WHERE, candidate), {optimizer, history} = model;
    const fit: Fit = {
      model, history,
      hook: this.hook(optimizer, (plain, f, variables) => (trains(model, variables) ? this.step(optimizer, plain, f, model) : plain(f)), () => isUnderWay(fit)),
    };
    this.fit = fit;
    this.latest = undefined;
    this.model = candidate as LayersModel;
    return Promise.resolve();
  }

  /** Called by TF.js. */
  override async onEpochBegin(): Promise<void> {
    this.epoch = [];
    return Promise.resolve();
  }

  /** Called by TF.js. */
  override async onBatchEnd(_batch: number, logs?: Logs): Promise<void> {
    const {latest} = this;
    if (latest !== undefined) {
      this.epoch.push(latest);
      Object.assign(logs ?? {}, {flatness: latest.value, flatnessDropped: latest.numDropped});
    }
    return Promise.resolve();
  }

  /** Called by TF.js. */
  override async onEpochEnd(_epoch: number, logs?: Logs): Promise<void> {
    const sum = (of: keyof FlatnessReport): number => this.epoch.reduce((total, report) => total + report[of], 0);
    Object.assign(logs ?? {}, {flatness: sum('value') / this.epoch.length, flatnessDropped: sum('numDropped')});
    return Promise.resolve();
  }

  /** Called by TF.js, but not where `fit` throws. */
  override async onTrainEnd(): Promise<void> {
    this.endFit();
    return Promise.resolve();
  }

  private endFit(): void {
    this.fit?.hook.remove();
    this.fit = undefined;
  }

  private hook(optimizer: Optimizer, compute: OptimizerHook['compute'], isLive: () => boolean): OptimizerHook {
    return hookOptimizer(WHERE, optimizer, {owner: this, compute, isLive});
  }

  /** One step's loss and gradients. */
  private step(optimizer: Optimizer, plain: (f: () => Scalar) => GradientResult, f: () => Scalar, model: TrainedModel | undefined): GradientResult {
    const {settings: {strength, every, warmup, seed}, numMarks} = this, step = this.steps.get(optimizer) ?? 0;
    this.latest = undefined;
    const isDue = step >= warmup && (step - warmup) % every === 0;
    const {result, report} = isDue
      ? regularizedGradients(plain, f, model, {measure: measureAt(this.settings, step), strength: strength.at(step), seed: new Random(seed).fork(step).seed, needsMark: numMarks > 0})
      : {result: plain(f), report: undefined};
    this.latest = report;
    this.steps.set(optimizer, step + 1);
    return result;
  }
}

/** Whether a fit still goes on. One that threw has not said so; but its model is no longer in training, or in another fit. */
function isUnderWay({model, history}: Pick<Fit, 'model' | 'history'>): boolean {
  return model.isTraining && model.history === history;
}

/** Whether these are variables of the model: its optimizer may be used for others meanwhile. A layer frozen since it was compiled is still trained. */
function trains(model: TrainedModel, variables: readonly Variable[] | undefined): boolean {
  const own = new Set([...model.trainableWeights, ...model.nonTrainableWeights].map(weight => weight.read()));
  return variables?.every(variable => own.has(variable)) ?? false;
}
