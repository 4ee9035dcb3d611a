import {backend, getBackend} from '@tensorflow/tfjs-core';
import {ruleInfo, type RuleName} from '../rules/registry.js';
import {GpuRunner} from './gpu-runner.js';
import {JsRunner} from './js-runner.js';
import {OpsRunner} from './ops-runner.js';
import type {StepRunner} from './runner.js';
import {CopyingWasmRunner, SharedWasmRunner, WasmRunner} from './wasm-runner.js';
import {stepModule} from './wasm-step.js';
import {webglBackend, WebGLDevice, webglObstacle} from './webgl-device.js';
import {webgpuBackend, WebGPUDevice} from './webgpu-device.js';
import {ZooRunner} from './zoo-runner.js';

/** Backends whose tensors are in ordinary memory, so that reading one is a copy at most. */
const HOST_BACKENDS = new Set(['cpu', 'wasm', 'tensorflow']);

/** By the number of threads, for backends whose tensors' values may be written to, and for those whose may not. */
const copying = {mutable: new Map<number, CopyingWasmRunner>(), immutable: new Map<number, CopyingWasmRunner>()};
let plain: JsRunner | undefined;
let ops: OpsRunner | undefined;
const zoo = new Map<string, ZooRunner>();
/** By backend and number of threads: those that keep slots on it; undefined where it does not let them. */
const shared = new WeakMap<object, Map<number, StepRunner | undefined>>();

type Notice = (message: string) => void;

/**
 * The runner of a rule for the current backend. Runners are shared by all optimizers.
 * @param notice Told where a slower path than the rule's usual one is taken.
 * @param numThreads Threads that step large variables together where they can.
 */
export function selectRunner(notice: Notice, rule: RuleName = 'tensor-lstm', numThreads = 1): StepRunner {
  const runner = select(notice, rule, numThreads);
  if (numThreads > 1) {
    const obstacle = runner instanceof WasmRunner ? runner.threadObstacle : `the steps of '${runner.name}' are not made by threads of ours`;
    if (obstacle !== undefined) notice(`numThreads: ${numThreads} was asked for, but ${obstacle}; steps are made on one thread`);
  }
  return runner;
}

function select(notice: Notice, rule: RuleName, numThreads: number): StepRunner {
  const name = getBackend(), onHost = HOST_BACKENDS.has(name) && !isOnGpu(name);
  if (rule !== 'tensor-lstm') return selectZooRunner(rule, onHost);
  if (onHost) return selectHostRunner(name, notice, numThreads);
  // Tensors of tfjs-node-gpu are in the memory of a GPU: by tf ops they stay there.
  if (isOnGpu(name)) return (ops ??= new OpsRunner());
  const gpu = name === 'webgl' || name === 'webgpu' ? onBackend(instance => gpuRunner(name, instance)) : undefined;
  if (gpu !== undefined) return gpu;
  const obstacle = name === 'webgl' && webglBackend(backend()) !== undefined ? webglObstacle() : undefined;
  if (obstacle !== undefined) {
    // What WebGL cannot hold is held by the host: the slots stay exact, the weights are only as exact as the backend has them.
    notice(`backend 'webgl': ${obstacle}; the step runs outside it, and values are copied out and in`);
    return selectHostRunner(name, notice, numThreads);
  }
  notice(`backend '${name}': no fused kernel, stepping by tf ops`);
  return (ops ??= new OpsRunner());
}

/** Whether the current backend is that of `@tensorflow/tfjs-node-gpu`. */
function isOnGpu(name: string): boolean {
  return name === 'tensorflow' && (backend() as {readonly isGPUPackage?: unknown}).isGPUPackage === true;
}

/** The runner that `make` gives for the current backend, made once. */
function onBackend(make: (instance: object) => StepRunner | undefined, numThreads = 1): StepRunner | undefined {
  const instance = backend(), known = shared.get(instance) ?? new Map<number, StepRunner | undefined>();
  shared.set(instance, known);
  if (!known.has(numThreads)) known.set(numThreads, make(instance));
  return known.get(numThreads);
}

function selectHostRunner(name: string, notice: Notice, numThreads: number): StepRunner {
  const module = stepModule();
  if (module instanceof Error) {
    notice(`no WebAssembly SIMD here (${module.message}): stepping in plain JavaScript, several times slower`);
    return (plain ??= new JsRunner());
  }
  if (name === 'wasm') {
    const runner = onBackend(instance => SharedWasmRunner.create(instance, numThreads), numThreads);
    if (runner !== undefined) return runner;
    notice("backend 'wasm': its memory cannot be shared, copying values to the kernel and back");
  }
  const ownsValues = name === 'tensorflow', runners = ownsValues ? copying.immutable : copying.mutable;
  try {
    const runner = runners.get(numThreads) ?? new CopyingWasmRunner(ownsValues, numThreads);
    runners.set(numThreads, runner);
    return runner;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // An address space too small for 4 GiB that threads share may still have room for a memory that grows.
    if (numThreads > 1) {
      notice(`numThreads: ${numThreads} was asked for, but the shared memory for it cannot be had (${error.message}); steps are made on one thread`);
      return selectHostRunner(name, notice, 1);
    }
    notice(`no memory for WebAssembly here (${error.message}): stepping in plain JavaScript, several times slower`);
    return (plain ??= new JsRunner());
  }
}

function gpuRunner(name: 'webgl' | 'webgpu', instance: object): StepRunner | undefined {
  if (name === 'webgpu') {
    const known = webgpuBackend(instance);
    return known === undefined ? undefined : new GpuRunner(new WebGPUDevice(known), instance);
  }
  const known = webglBackend(instance);
  return known === undefined || webglObstacle() !== undefined ? undefined : new GpuRunner(new WebGLDevice(known), instance);
}

function selectZooRunner(name: Exclude<RuleName, 'tensor-lstm'>, onHost: boolean): ZooRunner {
  const key = `${name} ${onHost}`, known = zoo.get(key);
  if (known !== undefined) return known;
  const runner = new ZooRunner(ruleInfo(name).rule!, onHost);
  zoo.set(key, runner);
  return runner;
}
