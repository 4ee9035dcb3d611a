/** Room in a linear memory, by byte offset. Offsets are multiples of 16. */
export interface Heap {
  readonly memory: WebAssembly.Memory;
  /** Room for `floats` float32 values; the contents are undefined. */
  allocate(floats: number): number;
  free(pointer: number, floats: number): void;
}

/** A view on `count` floats. Valid until the memory grows: never keep it across an allocation. */
export function floatsAt(heap: Heap, pointer: number, count: number): Float32Array {
  return new Float32Array(heap.memory.buffer, pointer, count);
}

const PAGE_BYTES = 65536;
const ALIGNMENT = 64;

/** A memory of our own: a bump allocator with one free list per size, right for the few sizes that variables have. */
export class OwnHeap implements Heap {
  readonly memory = new WebAssembly.Memory({initial: 1, maximum: 65536});
  private readonly freed = new Map<number, number[]>();
  private top = ALIGNMENT;

  allocate(floats: number): number {
    const size = bytesFor(floats), reused = this.freed.get(size)?.pop();
    if (reused !== undefined) return reused;
    const pointer = this.top, missing = pointer + size - this.memory.buffer.byteLength;
    // Growing by a quarter at least keeps the number of copies of a growing memory small.
    if (missing > 0) this.memory.grow(Math.ceil(Math.max(missing, Math.min(this.memory.buffer.byteLength / 4, 1 << 26)) / PAGE_BYTES));
    this.top = pointer + size;
    return pointer;
  }

  free(pointer: number, floats: number): void {
    const size = bytesFor(floats), list = this.freed.get(size);
    if (list === undefined) this.freed.set(size, [pointer]);
    else list.push(pointer);
  }
}

function bytesFor(floats: number): number {
  return Math.max(ALIGNMENT, Math.ceil((4 * floats) / ALIGNMENT) * ALIGNMENT);
}
