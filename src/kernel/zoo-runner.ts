import {dispose, div, maximum, mul, scalar, sqrt, square, stack, sum, tensor1d, tidy, type Scalar, type Tensor} from '@tensorflow/tfjs-core';
import type {Rule, RuleVariable, State} from '../rules/rule.js';
import {slotRandom} from '../rules/slot-random.js';
import {allFinite, selectFinite} from './ops-step.js';
import {firstNonFinite, type Loss, type LossSlots, type SlotArrays, type StepOutcome, type StepRunner, type VariableSlots, type VariableStep} from './runner.js';
import type {StepOptions} from './types.js';
import {ZooShared, ZooSlots} from './zoo-state.js';

/** One variable of a step with the rule's own slots. */
type ZooStep = VariableStep & {readonly slots: ZooSlots};

/**
 * Steps by a rule of the zoo, in tf ops, on any backend. Slots are tensors, made at a variable's first step; so a
 * resumed optimizer and one that never stopped do the same.
 *
 * `clipNorm` scales the gradients before the rule sees them, and a step is skipped, for the same reasons as in the runners of
 * `tensor-lstm`. `parameterScale` means nothing here.
 */
export class ZooRunner implements StepRunner {
  readonly name = 'zoo';

  /** @param readsLoss Whether reading a number back is free, as it is where tensors are in ordinary memory. */
  constructor(private readonly rule: Rule, readonly readsLoss: boolean) {}

  createSlots(size: number, initial?: SlotArrays): VariableSlots {
    return new ZooSlots(this, this.rule, size, initial);
  }

  createLossSlots(initial?: Float32Array): LossSlots {
    return new ZooShared(this, this.rule, initial);
  }

  step(theta: Float32Array, steps: readonly VariableStep[], lossSlots: LossSlots, loss: Loss, options: StepOptions): StepOutcome {
    // Variables without elements have nothing to learn and would count as tensors.
    const filled = steps.filter(s => s.variable.size > 0) as ZooStep[], shared = lossSlots as ZooShared;
    if (this.readsLoss) {
      const culprit = firstNonFinite(loss, filled, sumsOfSquares(filled));
      if (culprit !== undefined) return {kind: 'skipped', culprit};
    }
    const {variables, shared: nextShared, made} = this.compute(theta, filled, shared, loss, options);
    shared.count += filled.filter(({slots}) => slots.state.value === undefined).length;
    shared.state.replace(nextShared);
    filled.forEach(({variable, slots}, i) => {
      const next = variables[i]!;
      variable.assign(next.parameter);
      dispose(next.parameter);
      slots.state.replace(next.slots);
    });
    return made === undefined ? {kind: 'made'} : {kind: 'deferred', made};
  }

  /** New values and state, which the caller owns; where the loss and all gradients are not known to be finite, whether they are. */
  private compute(theta: Float32Array, steps: readonly ZooStep[], shared: ZooShared, loss: Loss, options: StepOptions) {
    const {rule} = this, {clipNorm} = options;
    return tidy(() => {
      const thetaTensor = tensor1d(theta), lossTensor = typeof loss === 'number' ? scalar(loss) : loss;
      const gradients = steps.map(s => s.gradient), clipped = clipNorm === undefined ? gradients : clipByNorm(gradients, clipNorm);
      let seen = shared.count;
      const before = steps.map(({variable, slots, weightDecay}, i): RuleVariable => ({
        parameter: variable, gradient: clipped[i]!, weightDecay,
        slots: slots.state.value ?? rule.initialSlots(thetaTensor, variable.shape, slotRandom(seen++)),
      }));
      const oldShared = shared.state.value ?? rule.initialShared(thetaTensor);
      const after = rule.step(thetaTensor, before, oldShared, {...options, loss: lossTensor});
      if (this.readsLoss) return {variables: after.variables, shared: after.shared, made: undefined};
      const made = allFinite(gradients, lossTensor), choose = (next: State, previous: State): State => selectState(made, next, previous);
      return {
        variables: after.variables.map(({parameter, slots}, i) => ({
          parameter: selectFinite(made, parameter, before[i]!.parameter), slots: choose(slots, before[i]!.slots),
        })),
        shared: choose(after.shared, oldShared),
        made,
      };
    });
  }
}

function selectState(made: Scalar, next: State, previous: State): State {
  return Object.fromEntries(Object.entries<Tensor>(next).map(([name, value]) => [name, selectFinite(made, value, previous[name]!)]));
}

/** Sum of squares of each gradient, in one download. */
function sumsOfSquares(steps: readonly VariableStep[]): readonly number[] {
  if (steps.length === 0) return [];
  return [...tidy(() => stack(steps.map(s => sum(square(s.gradient)))).dataSync<'float32'>())];
}

/** Gradients scaled to a global norm of `clipNorm` where theirs is larger. */
function clipByNorm(gradients: readonly Tensor[], clipNorm: number): Tensor[] {
  if (gradients.length === 0) return [];
  const norm = sqrt(sum(stack(gradients.map(g => sum(square(g))))));
  const factor = div(clipNorm, maximum(norm, clipNorm));
  return gradients.map(g => mul(g, factor));
}
