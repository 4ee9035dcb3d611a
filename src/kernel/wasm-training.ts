import {
  backend_util, Conv2DBackpropFilter, DepthwiseConv2dNativeBackpropFilter, DepthwiseConv2dNativeBackpropInput, getKernel, MaxPoolGrad, registerKernel,
  unregisterKernel, UnsortedSegmentSum, util, type KernelConfig, type NamedAttrMap, type TensorInfo,
} from '@tensorflow/tfjs-core';
import {embeddedBytes} from '../embedded-bytes.js';
import {L2OError} from '../errors.js';
import {MODULE_DEFLATED} from './training-module.wasm.js';
import {forSharedMemory, isShared, offsetOf, sharedHeapOf, type WasmBackend} from './wasm-backend.js';

/** Exports of `kernel/training.c`; pointers are byte offsets. */
interface TrainingExports {
  conv2dFilterGradient(window: number, input: number, dy: number, dw: number): void;
  depthwiseFilterGradient(window: number, input: number, dy: number, dw: number): void;
  depthwiseInputGradient(window: number, dy: number, filter: number, dx: number): void;
  maxPoolGradient(window: number, input: number, dy: number, dx: number): void;
  segmentSum(x: number, ids: number, rows: number, rowSize: number, segments: number, out: number): void;
}

interface Linked {
  readonly exports: TrainingExports;
  /** Room for one `window` struct. */
  readonly window: number;
  readonly memory: WebAssembly.Memory;
}

const WINDOW_INTS = 15;
const linked = new WeakMap<WasmBackend, Linked>();

let supported: boolean | undefined;

/** Whether the module can run here: it needs SIMD. */
function isSupported(): boolean {
  return (supported ??= WebAssembly.validate(embeddedBytes(MODULE_DEFLATED)));
}

/** The module, linked to a backend's heap. */
function link(backend: WasmBackend): Linked {
  const known = linked.get(backend);
  if (known !== undefined) return known;
  const heap = sharedHeapOf(backend);
  if (heap === undefined) {
    throw new L2OError('UNSUPPORTED_BACKEND', "registerWasmTrainingKernels: expected a wasm backend whose memory can be shared, got one of another version. Install @tensorflow/tfjs-backend-wasm 4.22.");
  }
  if (!isSupported()) {
    throw new L2OError('UNSUPPORTED_BACKEND', 'registerWasmTrainingKernels: expected WebAssembly with SIMD, got an engine without. Train this model on another backend: tf.setBackend(\'cpu\').');
  }
  const {memory} = heap, bytes = embeddedBytes(MODULE_DEFLATED);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(isShared(memory) ? forSharedMemory(bytes) : bytes), {env: {memory}});
  const made = {exports: instance.exports as unknown as TrainingExports, window: heap.allocate(WINDOW_INTS), memory};
  linked.set(backend, made);
  return made;
}

/** Writes the `window` struct of kernel/training.c. */
function writeWindow(memory: WebAssembly.Memory, pointer: number, c: backend_util.Conv2DInfo): void {
  new Int32Array(memory.buffer, pointer, WINDOW_INTS).set([
    c.batchSize, c.inHeight, c.inWidth, c.inChannels, c.outHeight, c.outWidth, c.outChannels,
    c.filterHeight, c.filterWidth, c.strideHeight, c.strideWidth, c.dilationHeight, c.dilationWidth, c.padInfo.top, c.padInfo.left,
  ]);
}

function assertNhwc(kernel: string, dataFormat: unknown): void {
  if (dataFormat === undefined || dataFormat === 'NHWC') return;
  throw new L2OError('UNSUPPORTED_BACKEND', `${kernel} on wasm: expected the data format NHWC, got ${JSON.stringify(dataFormat)}. Use channelsLast, the default.`);
}

type Kernel = (backend: WasmBackend, inputs: Readonly<Record<string, TensorInfo>>, attrs: NamedAttrMap) => TensorInfo;
type Pair = [number, number] | number;

/** One gradient over windows: makes the output and runs the C function on input, other operand and output. */
function windowed(
    run: (exports: TrainingExports, window: number, a: number, b: number, out: number) => void,
    describe: (inputs: Readonly<Record<string, TensorInfo>>, attrs: NamedAttrMap) => {info: backend_util.Conv2DInfo; a: TensorInfo; b: TensorInfo; shape: number[]}): Kernel {
  return (backend, inputs, attrs) => {
    const {info, a, b, shape} = describe(inputs, attrs), {exports, window, memory} = link(backend);
    // Making the output may move the heap's buffer; the struct is written afterwards.
    const out = backend.makeOutput(shape, 'float32');
    writeWindow(memory, window, info);
    if (util.sizeFromShape(shape) > 0) run(exports, window, offsetOf(backend, a), offsetOf(backend, b), offsetOf(backend, out));
    return out;
  };
}

const KERNELS: Readonly<Record<string, Kernel>> = {
  [Conv2DBackpropFilter]: windowed(
    (e, window, x, dy, dw) => e.conv2dFilterGradient(window, x, dy, dw),
    ({x, dy}, attrs) => {
      assertNhwc(Conv2DBackpropFilter, attrs.dataFormat);
      const shape = attrs.filterShape as [number, number, number, number];
      return {a: x!, b: dy!, shape, info: backend_util.computeConv2DInfo(x!.shape as Shape4D, shape, attrs.strides as Pair, 1, attrs.pad as Pad, attrs.dimRoundingMode as Rounding)};
    }),
  [DepthwiseConv2dNativeBackpropFilter]: windowed(
    (e, window, x, dy, dw) => e.depthwiseFilterGradient(window, x, dy, dw),
    ({x, dy}, attrs) => {
      const shape = attrs.filterShape as [number, number, number, number];
      return {a: x!, b: dy!, shape, info: depthwiseInfo(x!.shape as Shape4D, shape, attrs)};
    }),
  [DepthwiseConv2dNativeBackpropInput]: windowed(
    (e, window, dy, filter, dx) => e.depthwiseInputGradient(window, dy, filter, dx),
    ({dy, filter}, attrs) => {
      const shape = attrs.inputShape as Shape4D;
      return {a: dy!, b: filter!, shape, info: depthwiseInfo(shape, filter!.shape as Shape4D, attrs)};
    }),
  [MaxPoolGrad]: windowed(
    (e, window, x, dy, dx) => e.maxPoolGradient(window, x, dy, dx),
    ({input, dy}, attrs) => {
      const {shape} = input!;
      const info = backend_util.computePool2DInfo(shape as Shape4D, attrs.filterSize as Pair, attrs.strides as Pair, 1, attrs.pad as Pad, attrs.dimRoundingMode as Rounding);
      return {a: input!, b: dy!, shape, info};
    }),
  [UnsortedSegmentSum]: (backend, {x, segmentIds}, attrs) => {
    const numSegments = attrs.numSegments as number, rows = util.sizeFromShape(segmentIds!.shape), rest = x!.shape.slice(segmentIds!.shape.length);
    const rowSize = util.sizeFromShape(rest), {exports, memory} = link(backend), {dtype} = x!;
    if (dtype !== 'float32' && dtype !== 'int32') {
      throw new L2OError('UNSUPPORTED_DTYPE', `UnsortedSegmentSum on wasm: expected float32 or int32, got ${dtype}. Cast it first: tf.cast(x, 'float32').`);
    }
    const out = backend.makeOutput([numSegments, ...rest], 'float32');
    if (dtype === 'int32') {
      const at = (info: TensorInfo, count: number): [ArrayBufferLike, number, number] => [memory.buffer, count === 0 ? 0 : offsetOf(backend, info), count];
      sumSegments(new Int32Array(...at(x!, rows * rowSize)), new Int32Array(...at(segmentIds!, rows)), rowSize, new Float32Array(...at(out, numSegments * rowSize)));
      return out;
    }
    const size = numSegments * rowSize;
    if (rows === 0 && size > 0) new Float32Array(memory.buffer, offsetOf(backend, out), size).fill(0);
    else if (size > 0) exports.segmentSum(offsetOf(backend, x!), offsetOf(backend, segmentIds!), rows, rowSize, numSegments, offsetOf(backend, out));
    return out;
  },
};

/** Rows of integers by segment; the sums are floats, as the cpu backend gives them. */
function sumSegments(x: Int32Array, ids: Int32Array, rowSize: number, out: Float32Array): void {
  out.fill(0);
  ids.forEach((id, row) => {
    const at = id * rowSize;
    if (id >= 0 && at + rowSize <= out.length) for (let k = 0; k < rowSize; k++) out[at + k]! += x[row * rowSize + k]!;
  });
}

type Shape4D = [number, number, number, number];
type Pad = 'valid' | 'same' | number;
type Rounding = 'floor' | 'round' | 'ceil' | undefined;

function depthwiseInfo(input: Shape4D, filter: Shape4D, attrs: NamedAttrMap): backend_util.Conv2DInfo {
  return backend_util.computeConv2DInfo(input, filter, attrs.strides as Pair, attrs.dilations as Pair, attrs.pad as Pad, attrs.dimRoundingMode as Rounding, true);
}

/**
 * Lets conv nets and embeddings train on TF.js's wasm backend: registers the gradients that version 4.22 lacks there
 * (`Conv2DBackpropFilter`, `DepthwiseConv2dNativeBackpropFilter`, `DepthwiseConv2dNativeBackpropInput`,
 * `UnsortedSegmentSum`) and replaces its `MaxPoolGrad`, which loses the gradient of windows whose maximum is not positive.
 * SIMD, on the backend's own memory. Opt-in, as it changes the backend for everybody; a kernel that a later TF.js brings
 * along is left alone, but for `MaxPoolGrad`; that too where WebAssembly has no SIMD. A second call does nothing. Call it before or after the backend is set.
 *
 * @returns The names of the kernels that were registered.
 * @throws L2OError `UNSUPPORTED_BACKEND`, when such a gradient is first computed, where the backend's memory cannot be shared, or where
 *     WebAssembly has no SIMD.
 * @example
 * await tf.setBackend('wasm');
 * registerWasmTrainingKernels();
 */
export function registerWasmTrainingKernels(): string[] {
  const registered: string[] = [];
  for (const [kernelName, kernel] of Object.entries(KERNELS)) {
    const existing = getKernel(kernelName, 'wasm') as KernelConfig | undefined;
    if (existing !== undefined) {
      if (ours.has(existing) || kernelName !== MaxPoolGrad || !isSupported()) continue;
      unregisterKernel(kernelName, 'wasm');
    }
    const config: KernelConfig = {
      kernelName, backendName: 'wasm',
      kernelFunc: ({inputs, backend, attrs}) => kernel(backend as WasmBackend, inputs as Record<string, TensorInfo>, attrs ?? {}),
    };
    registerKernel(config);
    ours.add(config);
    registered.push(kernelName);
  }
  return registered;
}

/** Kernels that this module registered. */
const ours = new WeakSet<KernelConfig>();
