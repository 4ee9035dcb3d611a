import {dispose, engine, tensor, type Tensor, type TensorInfo} from '@tensorflow/tfjs-core';
import {NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS, TENSOR_SLOTS} from '../rules/tensor-lstm/spec.js';
import {floatsAt, OwnHeap, type Heap} from './heap.js';
import {
  firstNonFinite, HostLossSlots, type Loss, type LossSlots, type SlotArrays, type StepOutcome, type StepRunner, type VariableSlots, type VariableStep,
} from './runner.js';
import type {StepOptions} from './types.js';
import {offsetOf, sharedHeapOf, type WasmBackend} from './wasm-backend.js';
import {WasmStep, type PointerStep} from './wasm-step.js';

// An optimizer that nobody disposes gives its slots back when it is collected: model.dispose() leaves optimizers alone.
const collected = new FinalizationRegistry<() => void>(free => free());

/** Slots on a wasm heap. */
class HeapSlots implements VariableSlots {
  readonly slots: number;
  readonly tensorSlots: number;
  private readonly free: () => void;
  private live = true;

  constructor(readonly owner: WasmRunner, private readonly heap: Heap, private readonly size: number, initial: SlotArrays | undefined) {
    const slotsAt = heap.allocate(NUM_PARAMETER_SLOTS * size), tensorSlotsAt = heap.allocate(NUM_TENSOR_SLOTS);
    this.slots = slotsAt;
    this.tensorSlots = tensorSlotsAt;
    this.free = () => {
      heap.free(slotsAt, NUM_PARAMETER_SLOTS * size);
      heap.free(tensorSlotsAt, NUM_TENSOR_SLOTS);
    };
    collected.register(this, this.free, this);
    const {slots, tensorSlots} = this.views();
    if (initial === undefined) {
      slots.fill(0);
      tensorSlots.fill(0);
    } else {
      slots.set(initial.slots);
      tensorSlots.set(initial.tensorSlots);
    }
  }

  private views(): SlotArrays {
    return {
      slots: floatsAt(this.heap, this.slots, NUM_PARAMETER_SLOTS * this.size),
      tensorSlots: floatsAt(this.heap, this.tensorSlots, NUM_TENSOR_SLOTS),
    };
  }

  /** Whether the variable has not been stepped yet. */
  get isNew(): boolean {
    return floatsAt(this.heap, this.tensorSlots, NUM_TENSOR_SLOTS)[TENSOR_SLOTS.count] === 0;
  }

  read(): SlotArrays {
    const {slots, tensorSlots} = this.views();
    return {slots: slots.slice(), tensorSlots: tensorSlots.slice()};
  }

  dispose(): void {
    if (!this.live) return;
    this.live = false;
    collected.unregister(this);
    this.free();
  }
}

/** Where a tensor's values are during one step. */
interface Placed {
  readonly parameter: number;
  readonly gradient: number;
  readonly output: number;
}

/** The fused kernel on a heap; how tensors get there and back is the subclass's. */
abstract class WasmRunner implements StepRunner {
  abstract readonly name: 'wasm-shared' | 'wasm-copy';
  readonly readsLoss = true;
  protected readonly kernel: WasmStep;

  constructor(protected readonly heap: Heap) {
    this.kernel = new WasmStep(heap);
  }

  createSlots(size: number, initial?: SlotArrays): VariableSlots {
    return new HeapSlots(this, this.heap, size, initial);
  }

  createLossSlots(initial?: Float32Array): LossSlots {
    return new HostLossSlots(this, initial?.slice() ?? new Float32Array(NUM_LOSS_SLOTS));
  }

  step(theta: Float32Array, steps: readonly VariableStep[], lossSlots: LossSlots, loss: Loss, options: StepOptions): StepOutcome {
    // Variables without elements have nothing to learn and would count as tensors.
    const filled = steps.filter(s => s.variable.size > 0);
    const gradients = filled.map(s => this.placeGradient(s.gradient));
    try {
      const squares = filled.map((s, i) => this.kernel.sumSquares(gradients[i]!, s.variable.size));
      const culprit = firstNonFinite(loss, filled, squares);
      if (culprit !== undefined) return {kind: 'skipped', culprit};
      this.runPlaced(theta, filled, gradients, squares, (lossSlots as HostLossSlots).values, loss as number | undefined, options);
      return {kind: 'made'};
    } finally {
      filled.forEach((s, i) => this.releaseGradient(gradients[i]!, s.variable.size));
    }
  }

  private runPlaced(
      theta: Float32Array, steps: readonly VariableStep[], gradients: readonly number[], squares: readonly number[],
      lossSlots: Float32Array, loss: number | undefined, options: StepOptions): void {
    const placed = steps.map((s, i) => this.place(s, gradients[i]!));
    const pointers = steps.map((s, i): PointerStep => {
      const {slots, tensorSlots, isNew} = s.slots as HeapSlots, {size, shape} = s.variable, {parameter} = placed[i]!;
      return {
        ...placed[i]!, slots, tensorSlots, size, shape, weightDecay: s.weightDecay, gradientSquares: squares[i]!,
        parameterSquares: isNew ? this.kernel.sumSquares(parameter, size) : 0,
      };
    });
    this.kernel.run(theta, lossSlots, loss, pointers, options);
    this.assign(steps, placed);
  }

  protected abstract placeGradient(gradient: Tensor): number;
  protected abstract releaseGradient(pointer: number, size: number): void;
  /** Finds room for a variable's old and new values. */
  protected abstract place(step: VariableStep, gradient: number): Placed;
  /** Hands the new values to the variables. */
  protected abstract assign(steps: readonly VariableStep[], placed: readonly Placed[]): void;
}

/**
 * The kernel on a memory of its own; values are copied in and out. Serves the cpu and node backends, and the wasm backend
 * where its memory cannot be reached (threads).
 */
export class CopyingWasmRunner extends WasmRunner {
  readonly name = 'wasm-copy';

  constructor() {
    super(new OwnHeap());
  }

  protected placeGradient(gradient: Tensor): number {
    const pointer = this.heap.allocate(gradient.size);
    floatsAt(this.heap, pointer, gradient.size).set(gradient.dataSync<'float32'>());
    return pointer;
  }

  protected releaseGradient(pointer: number, size: number): void {
    this.heap.free(pointer, size);
  }

  protected place({variable}: VariableStep, gradient: number): Placed {
    const parameter = this.heap.allocate(variable.size);
    floatsAt(this.heap, parameter, variable.size).set(variable.dataSync<'float32'>());
    return {parameter, gradient, output: parameter};
  }

  protected assign(steps: readonly VariableStep[], placed: readonly Placed[]): void {
    steps.forEach(({variable}, i) => {
      const {output} = placed[i]!;
      // A fresh array: on the cpu backend the old one may be shared with tensors that the user holds.
      const value = tensor(floatsAt(this.heap, output, variable.size).slice(), variable.shape, 'float32');
      variable.assign(value);
      value.dispose();
      this.heap.free(output, variable.size);
    });
  }
}

/** The kernel on the wasm backend's own heap: nothing is copied. */
export class SharedWasmRunner extends WasmRunner {
  readonly name = 'wasm-shared';

  private constructor(private readonly backend: WasmBackend, heap: Heap) {
    super(heap);
  }

  /** A runner for this backend, or undefined where its heap cannot be shared. */
  static create(backend: unknown): SharedWasmRunner | undefined {
    const heap = sharedHeapOf(backend);
    return heap === undefined ? undefined : new SharedWasmRunner(backend as WasmBackend, heap);
  }

  protected placeGradient(gradient: Tensor): number {
    return offsetOf(this.backend, gradient);
  }

  protected releaseGradient(): void {
    // The gradient is the caller's tensor.
  }

  private readonly outputs = new Map<number, TensorInfo>();

  protected place({variable}: VariableStep, gradient: number): Placed {
    const info = this.backend.makeOutput(variable.shape, 'float32'), output = offsetOf(this.backend, info);
    this.outputs.set(output, info);
    return {parameter: offsetOf(this.backend, variable), gradient, output};
  }

  protected assign(steps: readonly VariableStep[], placed: readonly Placed[]): void {
    steps.forEach(({variable}, i) => {
      const {output} = placed[i]!, value = engine().makeTensorFromTensorInfo(this.outputs.get(output)!);
      this.outputs.delete(output);
      variable.assign(value);
      dispose(value);
    });
  }
}
