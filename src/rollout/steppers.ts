import {mul, tensor, tidy, train, type NamedTensorMap, type Optimizer, type Scalar, type Tensor, type Variable} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import type {LossSlots, StepRunner, VariableSlots} from '../kernel/runner.js';
import {selectRunner} from '../kernel/select-runner.js';
import {isRuleName, type RuleName} from '../rules/registry.js';
import type {RolloutOptions} from './rollout.js';

/** Makes the steps of one rollout, and holds the state that takes. */
export interface Stepper {
  setTheta(theta: Float32Array): void;
  /**
   * One step of all variables. The gradients and the loss stay the caller's.
   * @returns Whether it was made; where not, nothing has changed.
   */
  step(gradients: NamedTensorMap, loss: Scalar, lossValue: number): boolean;
  /** Copies of all state. */
  snapshot(): Float32Array[];
  restore(pieces: readonly Float32Array[], step: number): void;
  dispose(): void;
}

/** The stepper of a rule on these variables. */
export function createStepper(variables: readonly Variable[], options: RolloutOptions): Stepper {
  return isRuleName(options.rule) ? new LearnedStepper(variables, options, options.rule) : new BaselineStepper(variables, options);
}

/** A learned rule, on the very runners that `LearnedOptimizer` steps with. */
class LearnedStepper implements Stepper {
  private theta: Float32Array | undefined;
  private readonly runner: StepRunner;
  private slots: VariableSlots[];
  private lossSlots: LossSlots;
  private time = 0;

  constructor(private readonly variables: readonly Variable[], private readonly options: RolloutOptions, private readonly rule: RuleName) {
    // Slower paths are as correct as fast ones, and the optimizer itself tells its user of them.
    this.runner = selectRunner(() => undefined, rule);
    this.slots = variables.map(v => this.runner.createSlots(v.size));
    this.lossSlots = this.runner.createLossSlots();
  }

  setTheta(theta: Float32Array): void {
    this.theta = theta.slice();
  }

  step(gradients: NamedTensorMap, loss: Scalar, lossValue: number): boolean {
    const {runner, options: {hasLoss, horizon, learningRate, parameterScale = true, weightDecay = 0}} = this;
    if (this.theta === undefined) throw new L2OError('INVALID_ARGUMENT', `rollout: expected a theta for the rule '${this.rule}', got none. Call setTheta first.`);
    const steps = this.variables.map((variable, i) => ({variable, gradient: gradients[variable.name]!, slots: this.slots[i]!, weightDecay}));
    const shown = !hasLoss ? undefined : runner.readsLoss ? lossValue : loss;
    const outcome = runner.step(this.theta, steps, this.lossSlots, shown, {time: this.time, horizon, learningRate, clipNorm: undefined, parameterScale});
    const made = outcome.kind === 'deferred' ? outcome.made.dataSync()[0] !== 0 : outcome.kind === 'made';
    if (outcome.kind === 'deferred') outcome.made.dispose();
    if (made) this.time++;
    return made;
  }

  snapshot(): Float32Array[] {
    return [this.lossSlots.read(), ...this.slots.flatMap(s => {
      const {slots, tensorSlots} = s.read();
      return [slots, tensorSlots];
    })];
  }

  restore([lossSlots, ...pieces]: readonly Float32Array[], step: number): void {
    this.dispose();
    this.lossSlots = this.runner.createLossSlots(lossSlots);
    this.slots = this.variables.map((v, i) => this.runner.createSlots(v.size, {slots: pieces[2 * i]!, tensorSlots: pieces[2 * i + 1]!}));
    this.time = step;
  }

  dispose(): void {
    this.lossSlots.dispose();
    this.slots.forEach(s => s.dispose());
  }
}

/** State of TF.js's optimizers, which they keep to themselves: their own setWeights is async and rounds differently. */
interface OptimizerState {
  readonly accBeta1?: Variable;
  readonly accBeta2?: Variable;
  /** Of sgd and momentum; the latter forgets to dispose it. */
  readonly c?: Tensor;
  accumulatedFirstMoment?: AccumulatorList;
  accumulatedSecondMoment?: AccumulatorList;
  accumulations?: AccumulatorList;
}
type AccumulatorList = Array<{readonly originalName: string; readonly variable: Variable}>;
const ACCUMULATORS = ['accumulatedFirstMoment', 'accumulatedSecondMoment', 'accumulations'] as const;

/** Learning rate of a step: constant, or falling along half a cosine to 0 at the horizon. */
function scheduledRate({learningRate, schedule = 'constant', horizon}: RolloutOptions, step: number): number {
  return schedule === 'constant' ? learningRate : learningRate * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, step / horizon)));
}

/** `adam`, with AdamW's decay, and `sgd`: TF.js's own. */
class BaselineStepper implements Stepper {
  private optimizer: Optimizer;
  private time = 0;

  constructor(private readonly variables: readonly Variable[], private readonly options: RolloutOptions) {
    if (options.rule !== 'adam' && (options.weightDecay ?? 0) !== 0) {
      throw new L2OError('INVALID_ARGUMENT', `rollout: expected no weightDecay with the rule '${options.rule}', got ${String(options.weightDecay)}. Leave it out, or use 'adam'.`);
    }
    this.optimizer = this.create();
  }

  private create(): Optimizer {
    const {rule, learningRate, momentum = 0} = this.options;
    if (rule === 'adam') return train.adam(learningRate);
    return momentum === 0 ? train.sgd(learningRate) : train.momentum(learningRate, momentum);
  }

  setTheta(): void {
    // Baselines have none.
  }

  step(gradients: NamedTensorMap): boolean {
    const {schedule = 'constant', weightDecay = 0} = this.options, rate = scheduledRate(this.options, this.time++);
    if (schedule !== 'constant') this.setRate(rate);
    // As AdamW's: before the step, and beside its moments.
    if (weightDecay !== 0) tidy(() => this.variables.forEach(v => v.assign(mul(v, 1 - rate * weightDecay))));
    this.optimizer.applyGradients(gradients);
    return true;
  }

  private setRate(rate: number): void {
    const optimizer = this.optimizer as Optimizer & {learningRate: number; setLearningRate?: (rate: number) => void};
    // Adam has no such method, and reads its field at each step.
    if (optimizer.setLearningRate === undefined) optimizer.learningRate = rate;
    else optimizer.setLearningRate(rate);
  }

  private state(): Variable[] {
    const {accBeta1, accBeta2, ...rest} = this.optimizer as unknown as OptimizerState;
    const scalars = accBeta1 === undefined || accBeta2 === undefined ? [] : [accBeta1, accBeta2];
    return [...scalars, ...ACCUMULATORS.flatMap(name => (rest[name] ?? []).map(a => a.variable))];
  }

  snapshot(): Float32Array[] {
    return this.state().map(v => v.dataSync<'float32'>().slice());
  }

  restore(pieces: readonly Float32Array[], step: number): void {
    this.dispose();
    this.optimizer = this.create();
    this.time = step;
    const fresh = this.state().length;
    // The first step makes the accumulators. What it does to the parameters is undone: the rollout restores those next.
    if (pieces.length > fresh) this.optimizer.applyGradients(this.variables.map(v => ({name: v.name, tensor: v})));
    this.state().forEach((v, i) => {
      const value = tensor(pieces[i]!.slice(), v.shape, 'float32');
      v.assign(value);
      value.dispose();
    });
  }

  dispose(): void {
    const {c} = this.optimizer as unknown as OptimizerState;
    this.optimizer.dispose();
    if (c?.isDisposed === false) c.dispose();
  }
}
