import {embeddedBytes} from '../embedded-bytes.js';
import {L2OError} from '../errors.js';
import {MODULE_DEFLATED} from './engine-module.wasm.js';

/** What the compiled module exports; pointers are byte offsets into its memory. */
export interface EngineExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  scratchFloats(rollout: number): number;
  ruleScratchFloats(rollout: number): number;
  runWindow(rollout: number, steps: number, losses: number): number;
  lossAt(rollout: number, split: number, step: number, params: number, gradient: number, right: number): number;
  wholeSplit(rollout: number, split: number, right: number): number;
}

/** Arrays that the engine holds. */
type HostArray = Float32Array | Int32Array;

let embedded: WebAssembly.Module | undefined;

/** The embedded module, compiled once. @throws WebAssembly.CompileError where SIMD is missing. */
export function embeddedModule(): WebAssembly.Module {
  return embedded ??= new WebAssembly.Module(embeddedBytes(MODULE_DEFLATED));
}

/** An instance of the engine's module and the blocks of its memory. It gives no memory back, but uses it again. */
export class EngineMemory {
  readonly wasm: EngineExports;
  private readonly free = new Map<number, number[]>();
  /** Arrays that are in memory once, however many rollouts read them. */
  private readonly shared = new Map<HostArray, {readonly pointer: number; uses: number}>();
  private top: number;

  constructor(module: WebAssembly.Module) {
    this.wasm = new WebAssembly.Instance(module, {}).exports as unknown as EngineExports;
    this.top = this.wasm.heapBase();
  }

  /** Bytes taken so far. */
  get bytes(): number {
    return this.wasm.memory.buffer.byteLength;
  }

  /**
   * Room for so many floats, of undefined content; sizes are rounded up to powers of two so that freed room is found again.
   * @throws L2OError `ENVIRONMENT` where there is no more memory.
   */
  allocate(count: number): number {
    const size = blockSize(count), reused = this.free.get(size)?.pop();
    if (reused !== undefined) return reused;
    const start = Math.ceil(this.top / 64) * 64, end = start + 4 * size;
    if (end > this.bytes) this.grow(end - this.bytes);
    this.top = end;
    return start;
  }

  private grow(missing: number): void {
    try {
      this.wasm.memory.grow(Math.ceil(missing / 65536) + 64);
    } catch (cause) {
      throw new L2OError('ENVIRONMENT', `rollout: expected ${missing} more bytes beside the engine's ${this.bytes}, got "${String(cause)}". ` +
        'It has at most 4 GiB: take smaller data, or fewer pairs or more workers.', {cause});
    }
  }

  /** Gives back what {@link EngineMemory.allocate} gave for this count. */
  release(pointer: number, count: number): void {
    const size = blockSize(count), blocks = this.free.get(size);
    if (blocks === undefined) this.free.set(size, [pointer]);
    else blocks.push(pointer);
  }

  /** The place of an array's copy, made unless it is there already. Give it back with {@link EngineMemory.giveBack}. */
  hold(array: HostArray): number {
    const held = this.shared.get(array);
    if (held !== undefined) {
      held.uses++;
      return held.pointer;
    }
    const pointer = this.allocate(array.length);
    if (array instanceof Int32Array) this.ints(pointer, array.length).set(array);
    else this.floats(pointer, array.length).set(array);
    this.shared.set(array, {pointer, uses: 1});
    return pointer;
  }

  giveBack(array: HostArray): void {
    const held = this.shared.get(array);
    if (held === undefined || --held.uses > 0) return;
    this.shared.delete(array);
    this.release(held.pointer, array.length);
  }

  /** A view, valid until the next allocation. */
  floats(pointer: number, count: number): Float32Array {
    return new Float32Array(this.wasm.memory.buffer, pointer, count);
  }

  /** A view, valid until the next allocation. */
  ints(pointer: number, count: number): Int32Array {
    return new Int32Array(this.wasm.memory.buffer, pointer, count);
  }
}

function blockSize(count: number): number {
  return Math.max(16, 2 ** Math.ceil(Math.log2(Math.max(1, count))));
}
