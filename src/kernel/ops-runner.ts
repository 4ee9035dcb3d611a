import {add, cast, scalar, sub, tensor1d, tensor2d, tidy, type Scalar, type Tensor1D, type Tensor2D} from '@tensorflow/tfjs-core';
import {NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS} from '../rules/tensor-lstm/spec.js';
import {zeros} from './heap.js';
import {KeptTensor} from './kept-tensor.js';
import {allFinite, selectFinite, stepOps} from './ops-step.js';
import type {Loss, LossSlots, SlotArrays, StepOutcome, StepRunner, VariableSlots, VariableStep} from './runner.js';
import type {StepOptions} from './types.js';

/** Slots on the backend's own device. */
class TensorSlots implements VariableSlots {
  constructor(readonly owner: OpsRunner, readonly slots: KeptTensor<Tensor2D>, readonly tensorSlots: KeptTensor<Tensor1D>) {}
  read(): SlotArrays {
    return {slots: this.slots.read(), tensorSlots: this.tensorSlots.read()};
  }
  dispose(): void {
    this.slots.dispose();
    this.tensorSlots.dispose();
  }
}

class TensorLossSlots implements LossSlots {
  /** Steps that were not made though their time had passed: the device alone knows. */
  readonly numSkipped = new KeptTensor<Scalar>(scalar(0));
  constructor(readonly owner: OpsRunner, readonly slots: KeptTensor<Tensor1D>) {}
  read(): Float32Array {
    return this.slots.read();
  }
  skipped(): number {
    return this.numSkipped.read()[0]!;
  }
  dispose(): void {
    this.slots.dispose();
    this.numSkipped.dispose();
  }
}

/** The rule in tf ops, for backends without a fused kernel: nothing is read back during a step. */
export class OpsRunner implements StepRunner {
  readonly name = 'ops';
  readonly readsLoss = false;

  createSlots(size: number, initial?: SlotArrays): VariableSlots {
    const {slots, tensorSlots} = initial ?? {slots: zeros(NUM_PARAMETER_SLOTS * size), tensorSlots: new Float32Array(NUM_TENSOR_SLOTS)};
    return new TensorSlots(this, new KeptTensor(tensor2d(slots, [NUM_PARAMETER_SLOTS, size])), new KeptTensor(tensor1d(tensorSlots)));
  }

  createLossSlots(initial?: Float32Array): LossSlots {
    return new TensorLossSlots(this, new KeptTensor(tensor1d(initial ?? new Float32Array(NUM_LOSS_SLOTS))));
  }

  step(theta: Float32Array, all: readonly VariableStep[], lossSlots: LossSlots, loss: Loss, options: StepOptions): StepOutcome {
    // Variables without elements have nothing to learn, and some backends cannot choose between two of them.
    const steps = all.filter(s => s.variable.size > 0), {slots: kept, numSkipped} = lossSlots as TensorLossSlots;
    if (steps.length === 0) return {kind: 'made'};
    const result = tidy(() => {
      const lossTensor = typeof loss === 'number' ? scalar(loss) : loss;
      const before = steps.map(({variable, gradient, slots, weightDecay}) => {
        const {slots: {value}, tensorSlots} = slots as TensorSlots;
        return {parameter: variable, gradient, slots: value, tensorSlots: tensorSlots.value, weightDecay};
      });
      const after = stepOps(tensor1d(theta), kept.value, lossTensor, before, {...options, time: sub<Scalar>(options.time, numSkipped.value)});
      const made: Scalar = allFinite(before.map(s => s.gradient), lossTensor);
      return {
        made,
        numSkipped: add<Scalar>(numSkipped.value, sub(1, cast(made, 'float32'))),
        lossSlots: selectFinite(made, after.lossSlots, kept.value),
        steps: after.steps.map((s, i) => ({
          parameter: selectFinite(made, s.parameter, before[i]!.parameter),
          slots: selectFinite(made, s.slots, before[i]!.slots),
          tensorSlots: selectFinite(made, s.tensorSlots, before[i]!.tensorSlots),
        })),
      };
    });
    kept.replace(result.lossSlots);
    numSkipped.replace(result.numSkipped);
    steps.forEach(({variable, slots}, i) => {
      const own = slots as TensorSlots, next = result.steps[i]!;
      variable.assign(next.parameter);
      next.parameter.dispose();
      own.slots.replace(next.slots);
      own.tensorSlots.replace(next.tensorSlots);
    });
    return {kind: 'deferred', made: result.made};
  }
}
