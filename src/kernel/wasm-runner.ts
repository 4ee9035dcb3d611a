import {dispose, engine, tensor, type Tensor, type TensorInfo} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import {NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS, TENSOR_SLOTS} from '../rules/tensor-lstm/spec.js';
import {allocateAll, floatsAt, MAX_BYTES, OwnHeap, type Heap} from './heap.js';
import {
  firstNonFinite, HostLossSlots, type Loss, type LossSlots, type SlotArrays, type StepOutcome, type StepRunner, type VariableSlots, type VariableStep,
} from './runner.js';
import {threadObstacle} from './thread-team.js';
import type {StepOptions} from './types.js';
import {offsetOf, sharedHeapOf, type WasmBackend} from './wasm-backend.js';
import {WasmStep, type PointerStep} from './wasm-step.js';

// An optimizer that nobody disposes gives its slots back when it is collected: model.dispose() leaves optimizers alone.
const collected = new FinalizationRegistry<() => void>(free => free());

/** Slots on a wasm heap, with room for the variable's values where `roomForValues`. */
class HeapSlots implements VariableSlots {
  readonly slots: number;
  readonly tensorSlots: number;
  /** Where the variable's values go. */
  readonly values: number;
  /** The data of TF.js whose values are there, if any are. */
  valuesOf: object | undefined;
  private readonly free: () => void;
  private live = true;

  constructor(readonly owner: WasmRunner, private readonly heap: Heap, private readonly size: number, initial: SlotArrays | undefined, roomForValues: boolean, freed: () => void) {
    const sizes = [NUM_PARAMETER_SLOTS * size, NUM_TENSOR_SLOTS, ...(roomForValues ? [size] : [])], pointers = allocateAll(heap, sizes);
    const [slotsAt, tensorSlotsAt, valuesAt = 0] = pointers as [number, number, number?];
    this.slots = slotsAt;
    this.tensorSlots = tensorSlotsAt;
    this.values = valuesAt;
    this.free = () => {
      pointers.forEach((pointer, i) => heap.free(pointer, sizes[i]!));
      freed();
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

/** Of a variable, so that its slots, its new values and its gradient fit into a memory together. */
const MAX_PARAMETERS = Math.floor(MAX_BYTES / (4 * (NUM_PARAMETER_SLOTS + 2)));

/** Where a tensor's values are during one step. */
interface Placed {
  readonly parameter: number;
  readonly gradient: number;
  readonly output: number;
}

/** The fused kernel on a heap; how tensors get there and back is the subclass's. */
export abstract class WasmRunner implements StepRunner {
  abstract readonly name: 'wasm-shared' | 'wasm-copy';
  readonly readsLoss = true;
  protected readonly kernel: WasmStep;
  private numLiveSlots = 0;

  /** @param copies Whether variables' values are copied to the heap. */
  constructor(protected readonly heap: Heap, private readonly copies: boolean, numThreads: number) {
    this.kernel = new WasmStep(heap, undefined, numThreads);
  }

  /** Why it steps on one thread though more were asked for. */
  get threadObstacle(): string | undefined {
    return this.kernel.threadObstacle;
  }

  /** Parts of variables that threads other than the caller's have stepped so far. */
  get sharedChunks(): number {
    return this.kernel.sharedChunks;
  }

  get memoryBytes(): number {
    return this.heap.memory.buffer.byteLength;
  }

  /** @throws L2OError `INVALID_ARGUMENT` for a variable that no memory can hold; `ENVIRONMENT` where this one has no room left. */
  createSlots(size: number, initial?: SlotArrays): VariableSlots {
    if (size > MAX_PARAMETERS) {
      throw new L2OError('INVALID_ARGUMENT', `LearnedOptimizer: expected variables of at most ${MAX_PARAMETERS} parameters, got one of ${size}, whose slots WebAssembly's memory cannot hold. Split it into several, or freeze it.`);
    }
    const slots = new HeapSlots(this, this.heap, size, initial, this.copies, this.onFreed);
    this.numLiveSlots++;
    return slots;
  }

  /** Threads end with the last optimizer that has used them. */
  private readonly onFreed = (): void => {
    if (--this.numLiveSlots === 0) this.kernel.stopThreads();
  };

  createLossSlots(initial?: Float32Array): LossSlots {
    return new HostLossSlots(this, initial?.slice() ?? new Float32Array(NUM_LOSS_SLOTS));
  }

  step(theta: Float32Array, steps: readonly VariableStep[], lossSlots: LossSlots, loss: Loss, options: StepOptions): StepOutcome {
    // Variables without elements have nothing to learn and would count as tensors.
    const filled = steps.filter(s => s.variable.size > 0);
    const gradients: number[] = [];
    try {
      for (const {gradient} of filled) gradients.push(this.placeGradient(gradient));
      const squares = filled.map((s, i) => this.kernel.sumSquares(gradients[i]!, s.variable.size));
      const culprit = firstNonFinite(loss, filled, squares);
      if (culprit !== undefined) return {kind: 'skipped', culprit};
      this.runPlaced(theta, filled, gradients, squares, (lossSlots as HostLossSlots).values, loss as number | undefined, options);
      return {kind: 'made'};
    } finally {
      this.releaseOutputs();
      gradients.forEach((pointer, i) => this.releaseGradient(pointer, filled[i]!.variable.size));
    }
  }

  private runPlaced(
      theta: Float32Array, steps: readonly VariableStep[], gradients: readonly number[], squares: readonly number[],
      lossSlots: Float32Array, loss: number | undefined, options: StepOptions): void {
    const placed = steps.map((s, i) => this.place(s, gradients[i]!));
    const {views: {floats}} = this.kernel, pointers = steps.map((s, i): PointerStep => {
      const {slots, tensorSlots} = s.slots as HeapSlots, {size, shape} = s.variable, {parameter, gradient, output} = placed[i]!, isNew = floats[tensorSlots / 4 + TENSOR_SLOTS.count] === 0;
      return {
        // Not spread: that makes a slow object, a third of the time that a small variable takes.
        parameter, gradient, output, slots, tensorSlots, size, shape, weightDecay: s.weightDecay, gradientSquares: squares[i]!,
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
  /** Gives back the room for new values that no variable has got: the step was not made. */
  protected abstract releaseOutputs(): void;
  /** Hands the new values to the variables. */
  protected abstract assign(steps: readonly VariableStep[], placed: readonly Placed[]): void;
}

/**
 * The kernel on a memory of its own; values are copied in and out. Serves the cpu and node backends, and the wasm backend
 * where its memory cannot be reached.
 */
export class CopyingWasmRunner extends WasmRunner {
  readonly name = 'wasm-copy';

  /**
   * @param ownsValues Whether a variable whose values this runner has made is not read again until it has others, whoever assigned
   *     them: TensorFlow's tensors do not change, and reading one costs a copy. TF.js's cpu backend hands out its own arrays instead,
   *     which cost nothing to read and might be written to. Default: it is read at every step.
   * @param numThreads Threads that step a large variable together. Default 1.
   */
  constructor(private readonly ownsValues = false, numThreads = 1) {
    super(new OwnHeap(numThreads > 1 && threadObstacle() === undefined), true, numThreads);
  }

  protected placeGradient(gradient: Tensor): number {
    const pointer = this.heap.allocate(gradient.size);
    const values = gradient.dataSync<'float32'>();
    this.kernel.views.floats.set(values, pointer / 4);
    return pointer;
  }

  protected releaseGradient(pointer: number, size: number): void {
    this.heap.free(pointer, size);
  }

  protected place({variable, slots}: VariableStep, gradient: number): Placed {
    const own = slots as HeapSlots, {values} = own;
    if (own.valuesOf !== variable.dataId) this.kernel.views.floats.set(variable.dataSync<'float32'>(), values / 4);
    // Until the variable has the new values, these are nobody's: a step that throws must not count.
    own.valuesOf = undefined;
    return {parameter: values, gradient, output: values};
  }

  protected releaseOutputs(): void {
    // They are in the slots' own room.
  }

  protected assign(steps: readonly VariableStep[], placed: readonly Placed[]): void {
    const {floats} = this.kernel.views;
    steps.forEach(({variable, slots}, i) => {
      const start = placed[i]!.output / 4;
      // A fresh array: on the cpu backend the old one may be shared with tensors that the user holds.
      const value = tensor(floats.slice(start, start + variable.size), variable.shape, 'float32');
      variable.assign(value);
      value.dispose();
      if (this.ownsValues) (slots as HeapSlots).valuesOf = variable.dataId;
    });
  }
}

/** The kernel on the wasm backend's own heap: nothing is copied. */
export class SharedWasmRunner extends WasmRunner {
  readonly name = 'wasm-shared';

  private constructor(private readonly backend: WasmBackend, heap: Heap, numThreads: number) {
    super(heap, false, numThreads);
  }

  /** A runner for this backend, or undefined where its heap cannot be shared. */
  static create(backend: unknown, numThreads = 1): SharedWasmRunner | undefined {
    const heap = sharedHeapOf(backend);
    return heap === undefined ? undefined : new SharedWasmRunner(backend as WasmBackend, heap, numThreads);
  }

  protected placeGradient(gradient: Tensor): number {
    return offsetOf(this.backend, gradient);
  }

  protected releaseGradient(): void {
    // The gradient is the caller's tensor.
  }

  /** New values of a step, by variable, until the variables have them. */
  private readonly outputs: TensorInfo[] = [];

  protected place({variable}: VariableStep, gradient: number): Placed {
    const parameter = offsetOf(this.backend, variable), info = this.backend.makeOutput(variable.shape, 'float32');
    this.outputs.push(info);
    return {parameter, gradient, output: offsetOf(this.backend, info)};
  }

  protected releaseOutputs(): void {
    this.outputs.splice(0).forEach(info => dispose(engine().makeTensorFromTensorInfo(info)));
  }

  protected assign(steps: readonly VariableStep[]): void {
    const outputs = this.outputs.splice(0);
    steps.forEach(({variable}, i) => {
      const value = engine().makeTensorFromTensorInfo(outputs[i]!);
      variable.assign(value);
      dispose(value);
    });
  }
}
