import {decodeBase64} from '../base64.js';
import {NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS, THETA_SIZE} from '../rules/tensor-lstm/spec.js';
import {
  ACTIVATIONS, ENGINE_RULES, LOSSES, MAX_LAYERS, ROLLOUT_BYTES, ROLLOUT_FIELDS, SIZES_OFFSET,
  type Activation, type LossKind, type RolloutField,
} from './engine-layout.js';
import {MODULE_BASE64} from './engine-module.wasm.js';
import type {Evaluation, Rollout, RolloutOptions} from './rollout.js';

/** A dense network on a data set: the inner problem of one rollout. */
export interface MlpTask {
  /** Sizes of inputs, hidden layers and outputs. */
  readonly sizes: readonly number[];
  readonly activation: Activation;
  readonly loss: LossKind;
  readonly batchSize: number;
  /** Row-major `[numExamples + numValidation, sizes[0]]`. */
  readonly features: Float32Array;
  /** Classes, for `softmaxCrossEntropy`. */
  readonly labels?: Int32Array;
  /** Row-major `[numExamples + numValidation, outputs]`, for `meanSquaredError`. */
  readonly targets?: Float32Array;
  /** Examples that batches are drawn from. */
  readonly numExamples: number;
  /** Examples behind those in `features` and `labels` or `targets`, for validation. Default 0. */
  readonly numValidation?: number;
  /** Parameters at the start: kernel and bias of each layer in turn, already divided by `scales`. */
  readonly initialParams: Float32Array;
  /** Reparametrisation: the network sees parameter times scale. */
  readonly scales: Float32Array;
}

/** How a rollout is run in the engine. */
export interface EngineRolloutOptions extends RolloutOptions {
  /** Seed of the batches: two rollouts with the same seed see the same batches. */
  readonly seed: number;
}

interface EngineExports {
  memory: WebAssembly.Memory;
  heapBase(): number;
  scratchFloats(rollout: number): number;
  runWindow(rollout: number, theta: number, steps: number, losses: number): number;
  gradient(rollout: number): number;
  evaluate(rollout: number, first: number, count: number, correct: number): number;
}

/** Number of parameters of a dense network. */
export function countParams(sizes: readonly number[]): number {
  let count = 0;
  for (let l = 0; l + 1 < sizes.length; l++) count += (sizes[l]! + 1) * sizes[l + 1]!;
  return count;
}

const MAX_WINDOW = 4096;
const FIELD_INDEX = new Map<RolloutField, number>(ROLLOUT_FIELDS.map(([name], i) => [name, i]));
const FLOAT_FIELDS = new Set<RolloutField>(ROLLOUT_FIELDS.filter(([, type]) => type === 'float').map(([name]) => name));

/** One instance of the compiled rollout engine, with memory of its own. Not shared between threads. */
export class RolloutEngine {
  private readonly wasm: EngineExports;
  private readonly free = new Map<number, number[]>();
  private top: number;
  private readonly theta: number;
  private readonly losses: number;

  private constructor(module: WebAssembly.Module) {
    this.wasm = new WebAssembly.Instance(module, {}).exports as unknown as EngineExports;
    this.top = this.wasm.heapBase();
    this.theta = this.allocate(THETA_SIZE);
    this.losses = this.allocate(MAX_WINDOW);
  }

  /**
   * Compiles the engine.
   * @param bytes Another build of `kernel/engine.c`, for experiments. Default: the embedded module.
   * @throws WebAssembly.CompileError where SIMD is missing.
   */
  static create(bytes: BufferSource = decodeBase64(MODULE_BASE64)): RolloutEngine {
    return new RolloutEngine(new WebAssembly.Module(bytes));
  }

  /** Takes room for `floats` floats; sizes are rounded up to powers of two so that freed room is found again. */
  private allocate(floats: number): number {
    const size = Math.max(16, 2 ** Math.ceil(Math.log2(floats)));
    const reused = this.free.get(size)?.pop();
    if (reused !== undefined) return reused;
    const start = (this.top + 63) & ~63;
    this.top = start + 4 * size;
    const missing = this.top - this.wasm.memory.buffer.byteLength;
    if (missing > 0) this.wasm.memory.grow(Math.ceil(missing / 65536) + 64);
    return start;
  }

  private release(pointer: number, floats: number): void {
    const size = Math.max(16, 2 ** Math.ceil(Math.log2(floats)));
    this.free.set(size, [...(this.free.get(size) ?? []), pointer]);
  }

  /** A view on the engine's memory, valid until the next allocation. */
  private floats(pointer: number, count: number): Float32Array {
    return new Float32Array(this.wasm.memory.buffer, pointer, count);
  }

  /** Bytes of memory that the engine has taken so far; it gives none back, but uses it again. */
  get memoryBytes(): number {
    return this.wasm.memory.buffer.byteLength;
  }

  /** The theta that `tensor-lstm` rollouts run with from now on. */
  setTheta(theta: Float32Array): void {
    this.floats(this.theta, THETA_SIZE).set(theta);
  }

  /** Copies a task's data into the engine; free it with `dispose` after its rollouts. */
  load(task: MlpTask): LoadedTask {
    const numLayers = task.sizes.length - 1;
    if (numLayers < 1 || numLayers > MAX_LAYERS) throw new RangeError(`a task has 1 to ${MAX_LAYERS} dense layers, got ${numLayers}`);
    const answers: Float32Array | Int32Array = task.loss === 'softmaxCrossEntropy' ? task.labels! : task.targets!;
    const features = this.allocate(task.features.length), answersAt = this.allocate(answers.length), scales = this.allocate(task.scales.length);
    this.floats(features, task.features.length).set(task.features);
    if (answers instanceof Int32Array) new Int32Array(this.wasm.memory.buffer, answersAt, answers.length).set(answers);
    else this.floats(answersAt, answers.length).set(answers);
    this.floats(scales, task.scales.length).set(task.scales);
    return {
      task, features, answers: answersAt, scales,
      dispose: () => {
        this.release(features, task.features.length);
        this.release(answersAt, answers.length);
        this.release(scales, task.scales.length);
      },
    };
  }

  /** Starts a rollout on a loaded task. */
  start(loaded: LoadedTask, options: EngineRolloutOptions): EngineRollout {
    const {task} = loaded, params = countParams(task.sizes), tensors = 2 * (task.sizes.length - 1);
    const pieces: Array<[number, number]> = [];
    const take = (floats: number, zero = true): number => {
      const pointer = this.allocate(floats);
      pieces.push([pointer, floats]);
      if (zero) this.floats(pointer, floats).fill(0);
      return pointer;
    };
    const at = take(ROLLOUT_BYTES / 4);
    const set = (field: RolloutField, value: number): void => {
      const index = at / 4 + FIELD_INDEX.get(field)!;
      if (FLOAT_FIELDS.has(field)) new Float32Array(this.wasm.memory.buffer)[index] = value;
      else new Uint32Array(this.wasm.memory.buffer)[index] = value;
    };
    set('numLayers', task.sizes.length - 1);
    set('batchSize', task.batchSize);
    set('activation', ACTIVATIONS.indexOf(task.activation));
    set('lossKind', LOSSES.indexOf(task.loss));
    set('numExamples', task.numExamples);
    set('rule', ENGINE_RULES.indexOf(options.rule));
    set('parameterScale', options.parameterScale === false ? 0 : 1);
    set('hasLoss', options.hasLoss ? 1 : 0);
    set('seed', options.seed >>> 0);
    set('horizon', options.horizon);
    set('learningRate', options.learningRate);
    set('weightDecay', options.weightDecay ?? 0);
    set('momentum', options.momentum ?? 0);
    set('data', loaded.features);
    set('labels', loaded.answers);
    set('targets', loaded.answers);
    set('scales', loaded.scales);
    const paramsAt = take(params, false);
    this.floats(paramsAt, params).set(task.initialParams);
    set('params', paramsAt);
    set('grads', take(params));
    const slots = take(NUM_PARAMETER_SLOTS * params), tensorSlots = take(tensors * NUM_TENSOR_SLOTS), lossSlots = take(NUM_LOSS_SLOTS);
    set('slots', slots);
    set('tensorSlots', tensorSlots);
    set('lossSlots', lossSlots);
    const sizes = new Int32Array(this.wasm.memory.buffer, at + 4 * SIZES_OFFSET, task.sizes.length);
    sizes.set(task.sizes);
    set('scratch', take(this.wasm.scratchFloats(at), false));
    const correct = take(1), stepIndex = at / 4 + FIELD_INDEX.get('step')!;
    const state: Array<readonly [number, number]> = [[paramsAt, params], [slots, NUM_PARAMETER_SLOTS * params], [tensorSlots, tensors * NUM_TENSOR_SLOTS], [lossSlots, NUM_LOSS_SLOTS]];
    return {
      setTheta: theta => this.setTheta(theta),
      run: (steps, losses) => {
        if (steps > MAX_WINDOW) throw new RangeError(`a window has at most ${MAX_WINDOW} steps, got ${steps}`);
        const made = this.wasm.runWindow(at, this.theta, steps, this.losses);
        losses.set(this.floats(this.losses, Math.min(made + 1, steps)));
        return made;
      },
      gradient: () => ({loss: this.wasm.gradient(at), gradient: this.floats(new Uint32Array(this.wasm.memory.buffer)[at / 4 + FIELD_INDEX.get('grads')!]!, params).slice()}),
      params: () => this.floats(paramsAt, params),
      evaluate: (split = 'train', numBatches = Infinity) => {
        const [first, size] = split === 'train' ? [0, task.numExamples] : [task.numExamples, task.numValidation ?? 0];
        const count = Math.min(size, numBatches * task.batchSize);
        if (count < 1) throw new RangeError(`an evaluation needs examples, got ${count} of split '${split}'`);
        const loss = this.wasm.evaluate(at, first, count, correct);
        return {loss, accuracy: new Int32Array(this.wasm.memory.buffer)[correct / 4]! / count};
      },
      snapshot: () => ({step: new Int32Array(this.wasm.memory.buffer)[stepIndex]!, pieces: state.map(([pointer, count]) => this.floats(pointer, count).slice())}),
      restore: ({step, pieces: saved}) => {
        new Int32Array(this.wasm.memory.buffer)[stepIndex] = step;
        state.forEach(([pointer, count], i) => this.floats(pointer, count).set(saved[i]!));
      },
      dispose: () => pieces.forEach(([pointer, floats]) => this.release(pointer, floats)),
    };
  }
}

/** A task inside an engine. */
export interface LoadedTask {
  readonly task: MlpTask;
  readonly features: number;
  readonly answers: number;
  readonly scales: number;
  dispose(): void;
}

/** A rollout in the engine. Its theta is that of the engine; `evaluate` goes over a whole split unless told otherwise. */
export interface EngineRollout extends Rollout {
  /** As in {@link Rollout}; the accuracy counts where there are labels. */
  evaluate(...args: Parameters<Rollout['evaluate']>): Required<Evaluation>;
  /** Loss and gradient on the batch of the current step. */
  gradient(): {loss: number; gradient: Float32Array};
  /** The current parameters: a view, valid until the engine's next call. */
  params(): Float32Array;
}
