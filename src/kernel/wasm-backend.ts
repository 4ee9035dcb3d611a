import type {TensorInfo} from '@tensorflow/tfjs-core';
import type {Heap} from './heap.js';

/** What the kernel needs of TF.js's wasm backend; none of it is documented, so {@link sharedHeapOf} looks before it leaps. */
export interface WasmBackend {
  readonly wasm: {
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    readonly HEAPU8: Uint8Array;
    readonly asm?: {readonly memory?: WebAssembly.Memory};
  };
  readonly dataIdMap: {get(dataId: object): {readonly memoryOffset: number | null}};
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
}

/** The heap of a TF.js wasm backend, or undefined where it cannot be shared. */
export function sharedHeapOf(backend: unknown): Heap | undefined {
  const candidate = backend as Partial<WasmBackend> | null;
  const wasm = candidate?.wasm, memory = wasm?.asm?.memory;
  if (wasm === undefined || !(memory instanceof WebAssembly.Memory) || typeof wasm._malloc !== 'function' || typeof wasm._free !== 'function') return undefined;
  if (typeof candidate?.makeOutput !== 'function' || typeof candidate.dataIdMap?.get !== 'function') return undefined;
  if (!(memory.buffer instanceof ArrayBuffer) || memory.buffer !== wasm.HEAPU8.buffer) return undefined;
  return {
    memory,
    allocate(floats) {
      const pointer = wasm._malloc(Math.max(16, 4 * floats)) >>> 0;
      if (pointer === 0) throw new RangeError(`the wasm backend's heap has no room for ${floats} floats`);
      return pointer;
    },
    free: pointer => wasm._free(pointer),
  };
}

/** Where a tensor's values are on the backend's heap. */
export function offsetOf(backend: WasmBackend, info: Pick<TensorInfo, 'dataId'>): number {
  const {memoryOffset} = backend.dataIdMap.get(info.dataId);
  if (memoryOffset === null) throw new TypeError('a numeric tensor of the wasm backend has no memory');
  return memoryOffset;
}
