import {dispose, engine, tensor, type NamedTensorMap, type Optimizer, type Scalar, type Tensor, type Variable} from '@tensorflow/tfjs-core';
import {L2OError} from '../../errors.js';
import {lossOf} from '../../kernel/dead-backend.js';
import {neighbourhoodOf, penaltyOf} from '../create-term.js';
import type {ResolvedMeasure} from '../measure-options.js';
import {markOf} from './flatness-mark.js';
import {QuickRandom} from './quick-random.js';
import {RecordedRandomness} from './recorded-randomness.js';
import {StepProbe} from './step-probe.js';
import type {TrainedModel} from './trained-model.js';

/** What `computeGradients` of an optimizer gives. */
export type GradientResult = ReturnType<Optimizer['computeGradients']>;

/** The penalty of one training step. */
export interface StepPenalty {
  readonly measure: ResolvedMeasure;
  /** Factor on its gradient, ≥ 0, for weights whose mark has none of its own. */
  readonly strength: number;
  readonly seed: number;
  /** Whether `forLayer` was called: then there must be a marked weight. */
  readonly needsMark: boolean;
}

/** What the extra passes of a step found. */
export interface FlatnessReport {
  /** The measure as a penalty, without the strength. */
  readonly value: number;
  /** Losses or gradients at perturbed weights that were computed. */
  readonly numSamples: number;
  /** Those of them that were not finite. They, and what would have been averaged with them, were left out. */
  readonly numDropped: number;
}

/**
 * Loss and gradients of one step, with a flatness penalty's gradient added to them; the loss is without it.
 *
 * @param plain The optimizer's own `computeGradients`, called once.
 * @param f The step's loss. Further evaluations have the random numbers of the first, and are undone but for their result.
 * @param model Whose loss it is, where that is known.
 * @returns The result, all of whose tensors are the caller's, and the report; none where nothing was to be added.
 * @throws L2OError `NON_FINITE` where all samples were dropped, `INVALID_ARGUMENT` where a mark is missing or `f` keeps tensors. The
 *   weights are as before, then and always; averages of batch normalisation have had the plain pass, as in any step.
 */
export function regularizedGradients(
  plain: (f: () => Scalar) => GradientResult, f: () => Scalar, model: TrainedModel | undefined, penalty: StepPenalty,
): {readonly result: GradientResult; readonly report?: FlatnessReport} {
  const randomness = new RecordedRandomness(), clean = randomness.record(() => plain(f));
  try {
    const loss = clean.value.dataSync()[0]!, targets = weightsToRegularize(clean.grads, penalty);
    // A loss that is not finite is the optimizer's own affair.
    if (targets.length === 0 || !Number.isFinite(loss)) return {result: clean};
    const variables = targets.map(({variable}) => variable), surroundings = new Surroundings(model, variables);
    const probe = new StepProbe(f, variables, {loss, gradients: clean.grads}, evaluate => randomness.replay(() => surroundings.untouched(evaluate)));
    try {
      const random = new QuickRandom(penalty.seed), around = neighbourhoodOf(penalty.measure, probe);
      // Nor is a gradient that is not finite ours.
      if (!around.gradientHere().finite) return {result: clean};
      const found = penaltyOf(penalty.measure).gradient(around, random);
      if (!Number.isFinite(found.value)) throw allDropped(penalty, probe);
      return {
        result: {value: clean.value, grads: addPenalty(clean.grads, targets, found.gradient)},
        report: {value: found.value, numSamples: probe.numEvaluations, numDropped: probe.numNonFinite},
      };
    } finally {
      probe.restore();
      surroundings.dispose();
    }
  } catch (error) {
    dispose([clean.value, clean.grads]);
    throw error;
  }
}

interface Target {
  readonly variable: Variable;
  readonly strength: number;
}

/** The marked ones of the variables with a gradient, or all of them where none is marked. */
function weightsToRegularize(gradients: NamedTensorMap, {strength, needsMark}: StepPenalty): Target[] {
  const {registeredVariables} = engine();
  // TF.js has null for what is frozen or not part of the loss.
  const known = Object.entries(gradients) as ReadonlyArray<readonly [string, Tensor | null]>;
  const trained = known.flatMap(([name, gradient]) => (gradient === null ? [] : [registeredVariables[name]!])), marked = trained.filter(markOf);
  if (needsMark && marked.length === 0) {
    throw new L2OError('INVALID_ARGUMENT', `FlatnessRegularizer: expected a mark of forLayer() on a layer that is trained, got none among ${trained.map(({name}) => `'${name}'`).join(', ')}. Pass it as kernelRegularizer of a layer of this model that is not frozen.`);
  }
  const targets = (marked.length > 0 ? marked : trained).map(variable => ({variable, strength: markOf(variable)?.strength ?? strength}));
  return targets.some(target => target.strength > 0) ? targets : [];
}

/** The gradients with the penalty's added; those that are replaced are disposed. */
function addPenalty(gradients: NamedTensorMap, targets: readonly Target[], penalty: Float32Array): NamedTensorMap {
  const out = {...gradients};
  let start = 0;
  for (const {variable: {name, size, shape}, strength} of targets) {
    const sum = penalty.slice(start, start += size), before = gradients[name]!, values = before.dataSync<'float32'>();
    for (let i = 0; i < size; i++) sum[i] = values[i]! + strength * sum[i]!;
    out[name] = tensor(sum, shape, 'float32');
    before.dispose();
  }
  return out;
}

function allDropped({measure: {measure}}: StepPenalty, {numEvaluations, numNonFinite}: StepProbe): L2OError {
  return new L2OError('NON_FINITE', `FlatnessRegularizer: expected a finite loss at perturbed weights for ${measure}, got ${numNonFinite} of ${numEvaluations} not finite, and ${measure === 'hessianNorm' ? 'no estimate without them' : 'no sample was left'}. The weights are as before; perturb less, or check loss and data.`);
}

/** What a loss changes beside its result: statistics of normalisation, and a model's metrics. */
class Surroundings {
  private readonly states: readonly {readonly variable: Variable; readonly value: Tensor}[];

  constructor(private readonly model: TrainedModel | undefined, perturbed: readonly Variable[]) {
    // Without a model any variable may be state of the loss.
    const known = model === undefined ? Object.values(engine().registeredVariables) : model.nonTrainableWeights.map(weight => weight.read() as Variable);
    const own = new Set(perturbed);
    // Of a backend that is gone there is nothing to restore.
    this.states = known.filter(variable => !own.has(variable) && lossOf(variable) === undefined).map(variable => ({variable, value: variable.clone()}));
  }

  /** Runs a pass, and undoes what it did beside its result. */
  untouched<T>(pass: () => T): T {
    const {model, states} = this, metrics = model?.metricsTensors, kept = new KeptTensors();
    try {
      if (model !== undefined) model.metricsTensors = [];
      const result = pass(), numKept = kept.count();
      if (model === undefined && numKept > 0) throw new L2OError('INVALID_ARGUMENT', `FlatnessRegularizer: expected a loss that can be computed again, got one that keeps ${numKept} tensors each time, as those of models with metrics do. Pass the model, too: wrap(optimizer, model).`);
      return result;
    } finally {
      kept.dispose();
      if (model !== undefined) model.metricsTensors = metrics!;
      for (const {variable, value} of states) if (variable.dataId !== value.dataId) variable.assign(value);
    }
  }

  dispose(): void {
    dispose(this.states.map(({value}) => value));
  }
}

/** Counts what a pass keeps beyond its end, from here to `dispose`. */
class KeptTensors {
  private readonly before = engine().state.numTensors;
  /** What another may have put in the place of the class's own method. */
  private readonly own = Object.getOwnPropertyDescriptor(engine(), 'keep');
  private numKeeps = 0;

  constructor() {
    const tfEngine = engine(), keep = tfEngine.keep.bind(tfEngine);
    // A tensor may be kept that is kept already, which adds none. Inside kernels TF.js keeps what gradients need, and disposes it.
    tfEngine.keep = tensor => {
      if (tfEngine.state.kernelDepth === 0) this.numKeeps++;
      return keep(tensor);
    };
  }

  count(): number {
    return Math.max(this.numKeeps, engine().state.numTensors - this.before);
  }

  dispose(): void {
    Reflect.deleteProperty(engine(), 'keep');
    if (this.own !== undefined) Object.defineProperty(engine(), 'keep', this.own);
  }
}
