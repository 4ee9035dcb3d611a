import {embeddedBytes} from '../../../src/embedded-bytes.js';
import {MODULE_DEFLATED} from './step-module.wasm.js';
import type {CeloTheta} from './theta.js';

/** What `step.c` exports; pointers are byte offsets into its memory. */
interface StepExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  step(tensor: number, network: number, multiplier: number): void;
}

const PAGE_BYTES = 65_536;
let compiled: WebAssembly.Module | undefined;

/** An instance of Celo's step with a memory of its own, which is given back with the instance. */
export class CeloKernel {
  private readonly wasm: StepExports;
  private readonly network: number;
  private top: number;

  constructor({network}: CeloTheta) {
    compiled ??= new WebAssembly.Module(embeddedBytes(MODULE_DEFLATED));
    this.wasm = new WebAssembly.Instance(compiled, {}).exports as unknown as StepExports;
    this.top = this.wasm.heapBase();
    const weights = network.flatMap(({kernel, bias}) => [...kernel, ...bias]);
    this.network = this.allocate(weights.length);
    this.floats(this.network, weights.length).set(weights);
  }

  /** Room for so many floats or integers, of zeros. */
  allocate(count: number): number {
    const start = Math.ceil(this.top / 16) * 16, missing = start + 4 * count - this.wasm.memory.buffer.byteLength;
    if (missing > 0) this.wasm.memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.top = start + 4 * count;
    return start;
  }

  /** A view, valid until the next allocation. */
  floats(pointer: number, count: number): Float32Array {
    return new Float32Array(this.wasm.memory.buffer, pointer, count);
  }

  /** Room that holds these integers. */
  holdIntegers(values: ArrayLike<number>): number {
    const pointer = this.allocate(values.length);
    new Int32Array(this.wasm.memory.buffer, pointer, values.length).set(values);
    return pointer;
  }

  /** Moves a tensor, of which `tensor` is the struct. */
  step(tensor: number, multiplier: number): void {
    this.wasm.step(tensor, this.network, multiplier);
  }
}
