import {util, type TensorInfo} from '@tensorflow/tfjs-core';
import {outOfMemory, type Heap} from './heap.js';

/** What the kernel needs of TF.js's wasm backend; none of it is documented, so {@link sharedHeapOf} looks before it leaps. */
export interface WasmBackend {
  readonly wasm: {
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    readonly HEAPU8: Uint8Array;
    readonly asm?: {readonly memory?: WebAssembly.Memory};
    /** Of the build with threads. */
    readonly wasmMemory?: WebAssembly.Memory;
  };
  readonly dataIdMap: {get(dataId: object): {readonly memoryOffset: number | null}};
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
}

const HEAP = "the wasm backend's heap";

/** The heap of a TF.js wasm backend, or undefined where it cannot be shared. */
export function sharedHeapOf(backend: unknown): Heap | undefined {
  const candidate = backend as Partial<WasmBackend> | null;
  const wasm = candidate?.wasm, memory = wasm?.asm?.memory ?? wasm?.wasmMemory;
  if (wasm === undefined || !(memory instanceof WebAssembly.Memory) || typeof wasm._malloc !== 'function' || typeof wasm._free !== 'function') return undefined;
  if (typeof candidate?.makeOutput !== 'function' || typeof candidate.dataIdMap?.get !== 'function') return undefined;
  // A memory that threads share has a new buffer when it has grown, and the view of the old one stays.
  if (!isShared(memory) && memory.buffer !== wasm.HEAPU8.buffer) return undefined;
  return {
    memory,
    allocate(floats) {
      const pointer = wasm._malloc(Math.max(16, 4 * floats)) >>> 0;
      if (pointer === 0) throw outOfMemory(HEAP, floats);
      return pointer;
    },
    free: pointer => wasm._free(pointer),
  };
}

/**
 * Where the values of a tensor that has some are on the backend's heap.
 * @throws L2OError `ENVIRONMENT` where there was no room for them: TF.js makes such a tensor all the same, at address 0, where its own
 *     data are.
 */
export function offsetOf(backend: WasmBackend, info: Pick<TensorInfo, 'dataId' | 'shape'>): number {
  const {memoryOffset} = backend.dataIdMap.get(info.dataId);
  if (memoryOffset === null || memoryOffset === 0) throw outOfMemory(HEAP, util.sizeFromShape(info.shape));
  return memoryOffset;
}

/** Whether threads share a memory. Not by class: where tests run in a context of their own (Jest), that has another `ArrayBuffer`. */
export function isShared({buffer}: WebAssembly.Memory): boolean {
  return Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]';
}

/** How our modules import their memory: `env.memory`, a memory, with a maximum. */
const MEMORY_IMPORT = [3, ...bytesOf('env'), 6, ...bytesOf('memory'), 2, 1];
const SHARED = 2;

function bytesOf(text: string): number[] {
  return Array.from(text, character => character.charCodeAt(0));
}

/**
 * A module of ours as one that runs in a memory which threads share. Such a memory is another type to WebAssembly, which the
 * module's import has to name; the code is the same.
 */
export function forSharedMemory(module: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const at = module.findIndex((_, i) => MEMORY_IMPORT.every((byte, j) => module[i + j] === byte));
  if (at < 0) throw new TypeError('the module imports no memory');
  const changed = module.slice(), flags = at + MEMORY_IMPORT.length - 1;
  changed[flags]! |= SHARED;
  return changed;
}
