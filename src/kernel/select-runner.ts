import {backend, getBackend} from '@tensorflow/tfjs-core';
import {ruleInfo, type RuleName} from '../rules/registry.js';
import {GpuRunner} from './gpu-runner.js';
import {JsRunner} from './js-runner.js';
import {OpsRunner} from './ops-runner.js';
import type {StepRunner} from './runner.js';
import {CopyingWasmRunner, SharedWasmRunner} from './wasm-runner.js';
import {stepModule} from './wasm-step.js';
import {webglBackend, WebGLDevice, webglObstacle} from './webgl-device.js';
import {webgpuBackend, WebGPUDevice} from './webgpu-device.js';
import {ZooRunner} from './zoo-runner.js';

/** Backends whose tensors are in ordinary memory, so that reading one is a copy at most. */
const HOST_BACKENDS = new Set(['cpu', 'wasm', 'tensorflow']);

let copying: CopyingWasmRunner | undefined;
let plain: JsRunner | undefined;
let ops: OpsRunner | undefined;
const zoo = new Map<string, ZooRunner>();
/** By backend: those that keep slots on it; undefined where it does not let them. */
const shared = new WeakMap<object, StepRunner | undefined>();

type Notice = (message: string) => void;

/**
 * The runner of a rule for the current backend. Runners are shared by all optimizers.
 * @param notice Told where a slower path than the rule's usual one is taken.
 */
export function selectRunner(notice: Notice, rule: RuleName = 'tensor-lstm'): StepRunner {
  const name = getBackend();
  if (rule !== 'tensor-lstm') return selectZooRunner(rule, HOST_BACKENDS.has(name));
  if (HOST_BACKENDS.has(name)) return selectHostRunner(name, notice);
  const gpu = name === 'webgl' || name === 'webgpu' ? onBackend(instance => gpuRunner(name, instance)) : undefined;
  if (gpu !== undefined) return gpu;
  const obstacle = name === 'webgl' && webglBackend(backend()) !== undefined ? webglObstacle() : undefined;
  if (obstacle !== undefined) {
    // What WebGL cannot hold is held by the host: the slots stay exact, the weights are only as exact as the backend has them.
    notice(`backend 'webgl': ${obstacle}; the step runs outside it, and values are copied out and in`);
    return selectHostRunner(name, notice);
  }
  notice(`backend '${name}': no fused kernel, stepping by tf ops`);
  return (ops ??= new OpsRunner());
}

/** The runner that `make` gives for the current backend, made once. */
function onBackend(make: (instance: unknown) => StepRunner | undefined): StepRunner | undefined {
  const instance = backend();
  if (!shared.has(instance)) shared.set(instance, make(instance));
  return shared.get(instance);
}

function selectHostRunner(name: string, notice: Notice): StepRunner {
  const module = stepModule();
  if (module instanceof Error) {
    notice(`no WebAssembly SIMD here (${module.message}): stepping in plain JavaScript, several times slower`);
    return (plain ??= new JsRunner());
  }
  if (name === 'wasm') {
    const runner = onBackend(instance => SharedWasmRunner.create(instance));
    if (runner !== undefined) return runner;
    notice("backend 'wasm': its memory cannot be shared, copying values to the kernel and back");
  }
  return (copying ??= new CopyingWasmRunner());
}

function gpuRunner(name: 'webgl' | 'webgpu', instance: unknown): StepRunner | undefined {
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
