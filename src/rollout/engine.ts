import {decodeBase64} from '../base64.js';
import {NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS, THETA_SIZE} from '../rules/tensor-lstm/spec.js';
import {
  ACTIVATIONS, ENGINE_RULES, LOSSES, MAX_LAYERS, ROLLOUT_BYTES, ROLLOUT_FIELDS, SIZES_OFFSET,
  type Activation, type EngineRule, type LossKind, type RolloutField,
} from './engine-layout.js';
import {MODULE_BASE64} from './engine-module.wasm.js';

/** A dense network on a data set: the inner problem of one rollout. */
export interface MlpTask {
  /** Sizes of inputs, hidden layers and outputs. */
  readonly sizes: readonly number[];
  readonly activation: Activation;
  readonly loss: LossKind;
  readonly batchSize: number;
  /** Row-major `[numExamples, sizes[0]]`. */
  readonly features: Float32Array;
  /** Classes, for `softmaxCrossEntropy`. */
  readonly labels?: Int32Array;
  /** Row-major `[numExamples, outputs]`, for `meanSquaredError`. */
  readonly targets?: Float32Array;
  readonly numExamples: number;
  /** Parameters at the start: kernel and bias of each layer in turn, already divided by `scales`. */
  readonly initialParams: Float32Array;
  /** Reparametrisation: the network sees parameter times scale. */
  readonly scales: Float32Array;
}

/** How a rollout is run on a task. */
export interface RolloutOptions {
  readonly rule: EngineRule;
  /** Learning rate of `adam` and `sgd`; multiplier of `tensor-lstm`. */
  readonly learningRate: number;
  /** Planned steps that the rule is told; 0 hides them. */
  readonly horizon: number;
  /** Whether the rule is shown the loss. */
  readonly hasLoss: boolean;
  /** Seed of the batches: two rollouts with the same seed see the same batches. */
  readonly seed: number;
  readonly parameterScale?: boolean;
  readonly weightDecay?: number;
  readonly momentum?: number;
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
  start(loaded: LoadedTask, options: RolloutOptions): Rollout {
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
      run: (steps, losses) => {
        if (steps > MAX_WINDOW) throw new RangeError(`a window has at most ${MAX_WINDOW} steps, got ${steps}`);
        const made = this.wasm.runWindow(at, this.theta, steps, this.losses);
        losses.set(this.floats(this.losses, Math.min(made + 1, steps)));
        return made;
      },
      gradient: () => ({loss: this.wasm.gradient(at), gradient: this.floats(new Uint32Array(this.wasm.memory.buffer)[at / 4 + FIELD_INDEX.get('grads')!]!, params).slice()}),
      params: () => this.floats(paramsAt, params),
      evaluate: (first = 0, count = task.numExamples) => {
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

/** What changes in a rollout. */
export interface RolloutState {
  readonly step: number;
  readonly pieces: readonly Float32Array[];
}

/** One inner training run. */
export interface Rollout {
  /** Runs up to `steps` steps, writes the batch loss before each into `losses`, and returns the steps made: fewer where a loss was not finite. */
  run(steps: number, losses: Float32Array): number;
  /** Loss and gradient on the batch of the current step. */
  gradient(): {loss: number; gradient: Float32Array};
  /** The current parameters: a view, valid until the engine's next call. */
  params(): Float32Array;
  /** A copy of parameters, slots and step counter, for `restore`. */
  snapshot(): RolloutState;
  restore(state: RolloutState): void;
  /** Mean loss, and accuracy where there are labels, over a range of examples. */
  evaluate(first?: number, count?: number): {loss: number; accuracy: number};
  dispose(): void;
}
