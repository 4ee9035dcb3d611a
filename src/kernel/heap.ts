import {L2OError} from '../errors.js';

/** Room in a linear memory, by byte offset. Offsets are multiples of 16. */
export interface Heap {
  readonly memory: WebAssembly.Memory;
  /** Room for `floats` float32 values; the contents are undefined. @throws L2OError `ENVIRONMENT` where there is none. */
  allocate(floats: number): number;
  free(pointer: number, floats: number): void;
}

/** A view on `count` floats. Valid until the memory grows: never keep it across an allocation. */
export function floatsAt(heap: Heap, pointer: number, count: number): Float32Array {
  return new Float32Array(heap.memory.buffer, pointer, count);
}

/** Views on a whole memory: one for each small array would cost more than what is done with it. */
export class HeapViews {
  private float32 = new Float32Array(0);
  private float64 = new Float64Array(0);

  constructor(private readonly memory: WebAssembly.Memory) {}

  /** Valid until the memory grows: never keep it across an allocation. */
  get floats(): Float32Array {
    const {buffer} = this.memory;
    return this.float32.buffer === buffer ? this.float32 : (this.float32 = new Float32Array(buffer));
  }

  /** As {@link floats}. */
  get doubles(): Float64Array {
    const {buffer} = this.memory;
    return this.float64.buffer === buffer ? this.float64 : (this.float64 = new Float64Array(buffer));
  }
}

/** Room for several arrays, or, where it throws, for none of them. */
export function allocateAll(heap: Heap, floats: readonly number[]): number[] {
  const pointers: number[] = [];
  try {
    for (const count of floats) pointers.push(heap.allocate(count));
  } catch (error) {
    pointers.forEach((pointer, i) => heap.free(pointer, floats[i]!));
    throw error;
  }
  return pointers;
}

/** What is thrown where a memory is full. */
export function outOfMemory(memory: string, floats: number, cause?: unknown): L2OError {
  return new L2OError('ENVIRONMENT', `tfjs-l2o: expected room for ${floats} floats in ${memory}, got none: it is full. Train fewer or smaller variables, or dispose what is not needed.`, {cause});
}

/** Zeros in JavaScript's own memory. @throws L2OError `ENVIRONMENT` where there is no room. */
export function zeros(floats: number): Float32Array {
  try {
    return new Float32Array(floats);
  } catch (cause) {
    throw outOfMemory("JavaScript's memory", floats, cause);
  }
}

const PAGE_BYTES = 65536;
/** WebAssembly's limit of memories with addresses of 32 bits: 4 GiB. */
const MAX_PAGES = 65536;
/** What one variable may take of a memory: some room is left for all that is not its own. */
export const MAX_BYTES = (MAX_PAGES - 256) * PAGE_BYTES;
const ALIGNMENT = 64;

/** A stretch of memory, by byte offsets. */
interface Block {
  start: number;
  end: number;
}

/** A memory of our own. Blocks that are given back merge with their neighbours: what is free serves arrays of any size. */
export class OwnHeap implements Heap {
  readonly memory: WebAssembly.Memory;
  /** Below `top`, by offset; no two touch, and none touches `top`. */
  private readonly blocks: Block[] = [];
  private top = ALIGNMENT;

  /** @param shared Whether threads are to share it. */
  constructor(shared = false) {
    this.memory = new WebAssembly.Memory({initial: 1, maximum: MAX_PAGES, shared});
  }

  /** Bytes that are allocated, those between them included. */
  get usedBytes(): number {
    return this.top - ALIGNMENT;
  }

  allocate(floats: number): number {
    const size = bytesFor(floats), at = this.blocks.findIndex(({start, end}) => end - start >= size);
    if (at >= 0) {
      const block = this.blocks[at]!, {start} = block;
      if (block.end - start === size) this.blocks.splice(at, 1);
      else block.start += size;
      return start;
    }
    const pointer = this.top, missing = pointer + size - this.memory.buffer.byteLength;
    if (missing > 0) this.grow(missing, floats);
    this.top = pointer + size;
    return pointer;
  }

  private grow(missing: number, floats: number): void {
    const bytes = this.memory.buffer.byteLength, left = MAX_PAGES - bytes / PAGE_BYTES;
    // Growing by a quarter at least keeps the number of copies of a growing memory small.
    const wanted = Math.min(Math.ceil(Math.max(missing, Math.min(bytes / 4, 1 << 26)) / PAGE_BYTES), left);
    if (wanted * PAGE_BYTES < missing) throw outOfMemory("the kernel's memory", floats);
    try {
      this.memory.grow(wanted);
    } catch (cause) {
      throw outOfMemory("the kernel's memory", floats, cause);
    }
  }

  free(pointer: number, floats: number): void {
    const end = pointer + bytesFor(floats), {blocks} = this, after = indexAfter(blocks, pointer);
    const before = blocks[after - 1], next = blocks[after], joins = before?.end === pointer, meets = next?.start === end;
    if (end === this.top) {
      this.top = joins ? before.start : pointer;
      if (joins) blocks.pop();
    } else if (joins) {
      before.end = meets ? next.end : end;
      if (meets) blocks.splice(after, 1);
    } else if (meets) next.start = pointer;
    else blocks.splice(after, 0, {start: pointer, end});
  }
}

/** Place of the first block that starts above an offset. */
function indexAfter(blocks: readonly Block[], offset: number): number {
  let low = 0, high = blocks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (blocks[middle]!.start > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

function bytesFor(floats: number): number {
  return Math.max(ALIGNMENT, Math.ceil((4 * floats) / ALIGNMENT) * ALIGNMENT);
}
