import {embeddedBytes} from '../embedded-bytes.js';
import {
  NUM_INPUTS, NUM_LOSS_SLOTS, TENSOR_SLOTS, THETA_SIZE,
} from '../rules/tensor-lstm/spec.js';
import {HeapViews, type Heap} from './heap.js';
import {MODULE_DEFLATED} from './step-module.wasm.js';
import {MODULE_DEFLATED as RELAXED_DEFLATED} from './step-relaxed-module.wasm.js';
import {ThreadTeam, threadObstacle} from './thread-team.js';
import type {StepOptions} from './types.js';
import {forSharedMemory, isShared} from './wasm-backend.js';

/** Exports of `kernel/step.c`; pointers are byte offsets. */
interface StepExports {
  sumSquares(x: number, count: number, out: number): void;
  beginStep(theta: number, lossSlots: number, step: number, features: number): void;
  scratchFloats(): number;
  rmsFloor(initialMeanSquare: number): number;
  tensorSnr(tensorSlots: number): number;
  stepTensor(
    theta: number, step: number, tensorSlots: number, slots: number, parameter: number, gradient: number, output: number,
    count: number, rank: number, lastAxis: number, gradientScale: number, features: number, scratch: number, sums: number): void;
  // The same in parts, for threads that share a tensor.
  blockFloats(): number;
  readonly sumSquaresBlocks: (x: number, count: number, blockSums: number, start: number, stop: number) => void;
  addSquares(count: number, blockSums: number, out: number): void;
  beginTensor(
    theta: number, step: number, tensorSlots: number, count: number, rank: number, lastAxis: number, gradientScale: number,
    features: number, scratch: number, sums: number): void;
  readonly applyBlocks: (
    theta: number, slots: number, parameter: number, gradient: number, output: number, count: number, scratch: number, blockSums: number,
    start: number, stop: number) => void;
  finishTensor(tensorSlots: number, count: number, gradientScale: number, blockSums: number, sums: number): void;
}

/** One variable of a step, by byte offsets into the kernel's heap. */
export interface PointerStep {
  readonly parameter: number;
  readonly gradient: number;
  /** May equal `parameter`. */
  readonly output: number;
  readonly slots: number;
  readonly tensorSlots: number;
  readonly shape: readonly number[];
  readonly size: number;
  readonly weightDecay: number;
  /** Sum of the gradient's squares, from {@link WasmStep.sumSquares}. */
  readonly gradientSquares: number;
  /** Sum of the parameter's squares; needed for the first step of a variable only. */
  readonly parameterSquares: number;
}

// Layout of tl_step in kernel/tensor_lstm.h: nine floats, then two ints.
const STEP = {learningRate: 0, weightDecay: 1, horizon: 2, time: 3, loss: 4, guard: 5, logNumTensors: 6, meanSnr: 7, floor: 8, hasLoss: 9, parameterScale: 10, size: 11};
const NUM_SUMS = 6;

/** Blocks that a thread takes at a time: some 50 µs of work. */
const CHUNK_BLOCKS = 16;
/** Parameters from which on threads share a variable: below, waking them takes longer than they save. */
export const SHARED_FROM = 131_072;

const compiled = new Map<boolean, WebAssembly.Module | Error>();

/**
 * The step module, with relaxed SIMD where this engine has it, compiled once; an Error where it lacks WebAssembly, SIMD, or the
 * right to compile.
 * @param shared Whether it is for a memory that threads share.
 */
export function stepModule(shared = false): WebAssembly.Module | Error {
  const known = compiled.get(shared);
  if (known !== undefined) return known;
  const made = compile(shared);
  compiled.set(shared, made);
  return made;
}

function compile(shared: boolean): WebAssembly.Module | Error {
  const bytes = (deflated: string): Uint8Array<ArrayBuffer> => (shared ? forSharedMemory(embeddedBytes(deflated)) : embeddedBytes(deflated));
  try {
    const relaxed = bytes(RELAXED_DEFLATED);
    return new WebAssembly.Module(WebAssembly.validate(relaxed) ? relaxed : bytes(MODULE_DEFLATED));
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The fused step, linked to one heap. */
export class WasmStep {
  readonly views: HeapViews;
  private readonly wasm: StepExports;
  private readonly theta: number;
  private readonly step: number;
  private readonly features: number;
  private readonly scratch: number;
  private readonly sums: number;
  private readonly lossSlots: number;
  /** Threads that share large variables. */
  private readonly team: ThreadTeam | undefined;
  private readonly obstacle: string | undefined;
  private readonly blockFloats: number;
  /** Room for the sums of each block of the largest variable that threads have shared. */
  private blockSums = {pointer: 0, floats: 0};

  /**
   * @param module Another build of `kernel/step.c`, for experiments. Default: the embedded one.
   * @param numThreads Threads that step large variables together, the caller's included. Default 1.
   * @throws Error where the module cannot be compiled or linked to the heap's memory.
   */
  constructor(readonly heap: Heap, module: WebAssembly.Module | Error = stepModule(isShared(heap.memory)), numThreads = 1) {
    if (module instanceof Error) throw module;
    this.views = new HeapViews(heap.memory);
    this.wasm = new WebAssembly.Instance(module, {env: {memory: heap.memory}}).exports as unknown as StepExports;
    this.blockFloats = this.wasm.blockFloats();
    this.obstacle = numThreads > 1 ? threadObstacle(heap.memory) : undefined;
    if (numThreads > 1 && this.obstacle === undefined) {
      const {sumSquaresBlocks, applyBlocks} = this.wasm;
      this.team = new ThreadTeam(numThreads, heap.memory, module, {sumSquaresBlocks, applyBlocks}, CHUNK_BLOCKS * this.blockFloats);
    }
    this.theta = heap.allocate(THETA_SIZE);
    this.step = heap.allocate(STEP.size);
    this.features = heap.allocate(NUM_INPUTS);
    this.scratch = heap.allocate(this.wasm.scratchFloats());
    this.sums = heap.allocate(2 * NUM_SUMS);
    this.lossSlots = heap.allocate(NUM_LOSS_SLOTS);
  }

  /** Sum of squares of `count` floats: not finite if any is not, or if it overflows. */
  sumSquares(pointer: number, count: number): number {
    const team = this.teamFor(count);
    if (team === undefined) {
      this.wasm.sumSquares(pointer, count, this.sums);
    } else {
      this.reserveBlockSums(count);
      team.run('sumSquaresBlocks', [pointer, count, this.blockSums.pointer], count);
      this.wasm.addSquares(count, this.blockSums.pointer, this.sums);
    }
    return this.views.doubles[this.sums / 8]!;
  }

  /** Why this one thread steps alone though more were asked for. */
  get threadObstacle(): string | undefined {
    return this.obstacle ?? this.team?.failure;
  }

  /** Parts of variables that other threads have computed so far. */
  get sharedChunks(): number {
    return this.team?.sharedChunks ?? 0;
  }

  /** Ends the threads until they are needed again. */
  stopThreads(): void {
    this.team?.stop();
  }

  private teamFor(count: number): ThreadTeam | undefined {
    return count >= SHARED_FROM ? this.team : undefined;
  }

  private reserveBlockSums(count: number): void {
    const floats = 2 * NUM_SUMS * Math.ceil(count / this.blockFloats), {pointer, floats: room} = this.blockSums;
    if (floats <= room) return;
    if (room > 0) this.heap.free(pointer, room);
    // Where there is no room for more, none is held.
    this.blockSums = {pointer: 0, floats: 0};
    this.blockSums = {pointer: this.heap.allocate(floats), floats};
  }

  /**
   * Steps all variables; slots change in place. The caller has checked that gradients and loss are finite.
   * @param theta `THETA_SIZE` floats, copied to the heap: a microsecond, against keeping a copy per optimizer there.
   * @param lossSlots `NUM_LOSS_SLOTS` floats, changed in place.
   */
  run(theta: Float32Array, lossSlots: Float32Array, loss: number | undefined, steps: readonly PointerStep[], options: StepOptions): void {
    const {heap, wasm} = this;
    if (steps.length === 0) return;
    for (const {size} of steps) if (this.teamFor(size) !== undefined) this.reserveBlockSums(size);
    // No allocation happens below, so these views stay valid.
    const {floats, doubles} = this.views, at = this.step / 4, sums = this.sums / 8;
    floats[at + STEP.learningRate] = options.learningRate;
    floats[at + STEP.horizon] = options.horizon;
    floats[at + STEP.time] = options.time;
    floats[at + STEP.loss] = loss ?? 0;
    floats[at + STEP.logNumTensors] = Math.log(steps.length);
    let snr = 0, squares = 0, initialSquares = 0, parameters = 0;
    for (const step of steps) {
      const slots = step.tensorSlots / 4, initialRms = floats[slots + TENSOR_SLOTS.initialRms]!;
      snr += wasm.tensorSnr(step.tensorSlots) / steps.length;
      squares += step.gradientSquares;
      initialSquares += floats[slots + TENSOR_SLOTS.count] === 0 ? step.parameterSquares : initialRms * initialRms * step.size;
      parameters += step.size;
    }
    floats[at + STEP.meanSnr] = snr;
    floats[at + STEP.floor] = wasm.rmsFloor(initialSquares / parameters);
    const flags = new Int32Array(heap.memory.buffer, this.step + 4 * STEP.hasLoss, 2);
    flags[0] = loss === undefined ? 0 : 1;
    flags[1] = options.parameterScale ? 1 : 0;
    const lossAt = this.lossSlots / 4;
    floats.set(lossSlots, lossAt);
    floats.set(theta, this.theta / 4);
    wasm.beginStep(this.theta, this.lossSlots, this.step, this.features);
    lossSlots.set(floats.subarray(lossAt, lossAt + NUM_LOSS_SLOTS));
    const norm = Math.sqrt(squares), {clipNorm} = options;
    const gradientScale = clipNorm === undefined || norm <= clipNorm ? 1 : clipNorm / norm;
    for (const step of steps) {
      floats[at + STEP.weightDecay] = step.weightDecay;
      doubles[sums] = step.gradientSquares;
      doubles[sums + 1] = step.parameterSquares;
      const rank = step.shape.length, last = step.shape[rank - 1] ?? 1, team = this.teamFor(step.size);
      if (team === undefined) {
        wasm.stepTensor(
          this.theta, this.step, step.tensorSlots, step.slots, step.parameter, step.gradient, step.output,
          step.size, rank, last, gradientScale, this.features, this.scratch, this.sums);
        continue;
      }
      const {pointer: blockSums} = this.blockSums;
      wasm.beginTensor(this.theta, this.step, step.tensorSlots, step.size, rank, last, gradientScale, this.features, this.scratch, this.sums);
      team.run('applyBlocks', [this.theta, step.slots, step.parameter, step.gradient, step.output, step.size, this.scratch, blockSums], step.size);
      wasm.finishTensor(step.tensorSlots, step.size, gradientScale, blockSums, this.sums);
    }
  }
}
