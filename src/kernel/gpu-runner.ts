import {findBackend, tidy, type Scalar} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import {NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS} from '../rules/tensor-lstm/spec.js';
import {GpuBatch} from './gpu-batch.js';
import {deathOf} from './dead-backend.js';
import type {GpuDevice} from './gpu-device.js';
import {GLOBALS, GLOBALS_COLUMNS} from './gpu-global.js';
import {KeptTensor} from './kept-tensor.js';
import type {Loss, LossSlots, SlotArrays, StepOutcome, StepRunner, VariableSlots, VariableStep} from './runner.js';
import type {StepOptions} from './types.js';

const GLOBALS_SIZE = {rows: 1, columns: GLOBALS_COLUMNS};

// An optimizer that nobody disposes gives its slots back when it is collected: model.dispose() leaves optimizers alone.
const collected = new FinalizationRegistry<() => void>(free => free());

/** Slots of one variable: on the host until its first step, then in a batch. */
class GpuSlots implements VariableSlots {
  private readonly place: {batch: GpuBatch | undefined} = {batch: undefined};
  index = 0;

  constructor(readonly owner: GpuRunner, private readonly size: number, private initial: SlotArrays | undefined) {
    const {place} = this;
    collected.register(this, () => place.batch?.release(), this);
  }

  get batch(): GpuBatch | undefined {
    return this.place.batch;
  }

  read(): SlotArrays {
    if (this.batch !== undefined) {
      this.owner.assertLive();
      return this.batch.read(this.index);
    }
    const {initial} = this;
    return {
      slots: initial?.slots.slice() ?? new Float32Array(NUM_PARAMETER_SLOTS * this.size), tensorSlots: initial?.tensorSlots.slice() ?? new Float32Array(NUM_TENSOR_SLOTS),
    };
  }

  moveTo(batch: GpuBatch, index: number): void {
    this.batch?.release();
    this.place.batch = batch;
    this.index = index;
    this.initial = undefined;
  }

  dispose(): void {
    collected.unregister(this);
    this.batch?.release();
    this.place.batch = undefined;
  }
}

/** The loss slots are among what all variables of a step share. */
class GpuLossSlots implements LossSlots {
  constructor(readonly owner: GpuRunner, private readonly device: GpuDevice, readonly globals: KeptTensor) {
    collected.register(this, () => globals.dispose(), this);
  }
  private values(start: number, count: number): Float32Array {
    this.owner.assertLive();
    return this.device.download(this.globals.value, GLOBALS_SIZE, start, count);
  }
  read(): Float32Array {
    return this.values(GLOBALS.lossSlots, NUM_LOSS_SLOTS);
  }
  skipped(): number {
    return this.values(GLOBALS.skipped, 1)[0]!;
  }
  dispose(): void {
    collected.unregister(this);
    this.globals.dispose();
  }
}

/** The fused step on a GPU backend: some fifteen programs for all variables together, nothing read back. */
export class GpuRunner implements StepRunner {
  readonly name: 'webgl' | 'webgpu';
  readonly readsLoss = false;

  /** @param backend The TF.js backend of the device. */
  constructor(private readonly device: GpuDevice, private readonly backend: object) {
    this.name = device.name;
  }

  /** @throws L2OError `ENVIRONMENT` where the device, and all slots with it, is lost. */
  assertLive(): void {
    const death = deathOf(this.backend);
    const lost = findBackend(this.name) !== this.backend ? 'it was removed (tf.removeBackend)' : this.device.lost() ?? (death === undefined ? undefined : `it was ${death}`);
    if (lost === undefined) return;
    throw new L2OError('ENVIRONMENT', `LearnedOptimizer: expected the backend '${this.name}' as it was when training began, got none: ${lost}, and with it weights and slots. ` +
      'Load model and optimizer from where they were last saved, in a new page or on another backend (tf.setBackend), and save now and then in long runs.');
  }

  createSlots(size: number, initial?: SlotArrays): VariableSlots {
    return new GpuSlots(this, size, initial === undefined ? undefined : {slots: initial.slots.slice(), tensorSlots: initial.tensorSlots.slice()});
  }

  createLossSlots(initial?: Float32Array): LossSlots {
    const values = new Float32Array(4 * GLOBALS_COLUMNS);
    if (initial !== undefined) values.set(initial, GLOBALS.lossSlots);
    return new GpuLossSlots(this, this.device, new KeptTensor(this.device.upload(GLOBALS_SIZE, values)));
  }

  step(theta: Float32Array, steps: readonly VariableStep[], lossSlots: LossSlots, loss: Loss, options: StepOptions): StepOutcome {
    this.assertLive();
    const filled = steps.filter(s => s.variable.size > 0);
    if (filled.length === 0) return {kind: 'made'};
    const batch = this.batchOf(filled, theta);
    return {kind: 'deferred', made: tidy(() => batch.step(theta, filled, (lossSlots as GpuLossSlots).globals, loss as Scalar | undefined, options))};
  }

  /** The batch of exactly these variables in this order; a new one where they were stepped otherwise before. */
  private batchOf(steps: readonly VariableStep[], theta: Float32Array): GpuBatch {
    const slots = steps.map(s => s.slots as GpuSlots), known = slots[0]!.batch;
    if (known?.numVariables === slots.length && slots.every((s, i) => s.batch === known && s.index === i)) return known;
    const batch = new GpuBatch(this.device, steps.map(s => s.variable.shape), slots.map(s => s.read()), steps.map(s => s.weightDecay), theta);
    slots.forEach((s, i) => s.moveTo(batch, i));
    return batch;
  }
}
