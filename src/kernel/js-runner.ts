import {tensor} from '@tensorflow/tfjs-core';
import {NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS} from '../rules/tensor-lstm/spec.js';
import {zeros} from './heap.js';
import {stepArrays} from './js-step.js';
import {
  firstNonFinite, HostLossSlots, type Loss, type LossSlots, type SlotArrays, type StepOutcome, type StepRunner, type VariableSlots, type VariableStep,
} from './runner.js';
import type {ArrayStep, StepOptions} from './types.js';

/** Slots in ordinary arrays. */
class ArraySlots implements VariableSlots {
  constructor(readonly owner: JsRunner, readonly arrays: SlotArrays) {}
  read(): SlotArrays {
    return {slots: this.arrays.slots.slice(), tensorSlots: this.arrays.tensorSlots.slice()};
  }
  dispose(): void {
    // The garbage collector frees them.
  }
}

/** The rule in plain JavaScript, for engines without WebAssembly SIMD. */
export class JsRunner implements StepRunner {
  readonly name = 'js';
  readonly readsLoss = true;

  createSlots(size: number, initial?: SlotArrays): VariableSlots {
    return new ArraySlots(this, {
      slots: initial?.slots.slice() ?? zeros(NUM_PARAMETER_SLOTS * size),
      tensorSlots: initial?.tensorSlots.slice() ?? new Float32Array(NUM_TENSOR_SLOTS),
    });
  }

  createLossSlots(initial?: Float32Array): LossSlots {
    return new HostLossSlots(this, initial?.slice() ?? new Float32Array(NUM_LOSS_SLOTS));
  }

  step(theta: Float32Array, steps: readonly VariableStep[], lossSlots: LossSlots, loss: Loss, options: StepOptions): StepOutcome {
    const filled = steps.filter(s => s.variable.size > 0);
    const arrays = filled.map((s): ArrayStep => {
      const {arrays: {slots, tensorSlots}} = s.slots as ArraySlots, {variable, gradient, weightDecay} = s;
      return {
        parameter: variable.dataSync<'float32'>(), gradient: gradient.dataSync<'float32'>(), output: new Float32Array(variable.size),
        slots, tensorSlots, shape: variable.shape, weightDecay,
      };
    });
    const culprit = firstNonFinite(loss, filled, arrays.map(a => sumSquares(a.gradient)));
    if (culprit !== undefined) return {kind: 'skipped', culprit};
    stepArrays(theta, (lossSlots as HostLossSlots).values, loss as number | undefined, arrays, options);
    filled.forEach(({variable}, i) => {
      const value = tensor(arrays[i]!.output, variable.shape, 'float32');
      variable.assign(value);
      value.dispose();
    });
    return {kind: 'made'};
  }
}

// Rounded to float32 so that what overflows in the kernel overflows here.
function sumSquares(x: Float32Array): number {
  let sum = 0;
  for (const value of x) sum += Math.fround(value * value);
  return sum;
}
