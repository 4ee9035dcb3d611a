import {backend, getBackend} from '@tensorflow/tfjs-core';
import {ruleInfo, type RuleName} from '../rules/registry.js';
import {JsRunner} from './js-runner.js';
import {OpsRunner} from './ops-runner.js';
import type {StepRunner} from './runner.js';
import {CopyingWasmRunner, SharedWasmRunner} from './wasm-runner.js';
import {stepModule} from './wasm-step.js';
import {ZooRunner} from './zoo-runner.js';

/** Backends whose tensors are in ordinary memory, so that reading one is a copy at most. */
const HOST_BACKENDS = new Set(['cpu', 'wasm', 'tensorflow']);

let copying: CopyingWasmRunner | undefined;
let plain: JsRunner | undefined;
let ops: OpsRunner | undefined;
const zoo = new Map<string, ZooRunner>();
const shared = new WeakMap<object, StepRunner>();

/**
 * The runner of a rule for the current backend. Runners are shared by all optimizers.
 * @param notice Told where a slower path than the rule's usual one is taken.
 */
export function selectRunner(notice: (message: string) => void, rule: RuleName = 'tensor-lstm'): StepRunner {
  const name = getBackend();
  if (rule !== 'tensor-lstm') return selectZooRunner(rule, HOST_BACKENDS.has(name));
  if (!HOST_BACKENDS.has(name)) {
    notice(`backend '${name}': no fused kernel, stepping by tf ops`);
    return (ops ??= new OpsRunner());
  }
  const module = stepModule();
  if (module instanceof Error) {
    notice(`no WebAssembly SIMD here (${module.message}): stepping in plain JavaScript, several times slower`);
    return (plain ??= new JsRunner());
  }
  if (name === 'wasm') {
    const instance = backend(), known = shared.get(instance);
    if (known !== undefined) return known;
    const runner = SharedWasmRunner.create(instance) ?? (copying ??= new CopyingWasmRunner());
    shared.set(instance, runner);
    if (runner === copying) notice("backend 'wasm': its memory cannot be shared, copying values to the kernel and back");
    return runner;
  }
  return (copying ??= new CopyingWasmRunner());
}

function selectZooRunner(name: Exclude<RuleName, 'tensor-lstm'>, onHost: boolean): ZooRunner {
  const key = `${name} ${onHost}`, known = zoo.get(key);
  if (known !== undefined) return known;
  const runner = new ZooRunner(ruleInfo(name).rule!, onHost);
  zoo.set(key, runner);
  return runner;
}
