/** What the tests of test/browser, and the benches, run inside the page. */
import '@tensorflow/tfjs-backend-cpu';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {measureMemory} from '../../../bench/measures/memory.js';
import {measureModel} from '../../../bench/measures/model-step.js';
import {measureStart} from '../../../bench/measures/start.js';
import {measureStep} from '../../../bench/measures/step-cost.js';
import {measureThreads} from '../../../bench/measures/threads.js';
import {selectRunner} from '../../../src/kernel/select-runner.js';
import {countWork} from './count-work.js';
import {measured, regularizedFit} from './flatness.js';
import {extremes, golden} from './golden.js';
import {threads} from './threads.js';
import {againstCpu, assigned, collect, countTensors, fitConv, grown, moved, skips, stepsAfter, thetaRoundTrip, throws, trainSaveResume, type Told} from './train.js';

setWasmPaths('/');

interface LosableBackend {
  readonly wasm: {readonly HEAPU8: Uint8Array};
  readonly gpgpu: {readonly gl: WebGL2RenderingContext};
  readonly device: {
    readonly lost: Promise<unknown>;
    destroy(): void;
    addEventListener(type: 'uncapturederror', listener: (event: {readonly error: {readonly message: string}}) => void): void;
  };
}

function losable(): LosableBackend {
  return tf.backend() as unknown as LosableBackend;
}

type Lost = ReturnType<typeof stepsAfter>;

const scenarios = {
  againstCpu, assigned, collect, countTensors, countWork, extremes, fitConv, golden, grown, measured, measureMemory, measureModel, measureStart, measureStep, measureThreads, moved, regularizedFit, skips, thetaRoundTrip, threads, throws, trainSaveResume,

  /** Makes a backend the current one, with flags of TF.js set before, and tells which runner serves it. */
  async use(name: string, flags: Readonly<Record<string, boolean>> = {}): Promise<{backend: string; runner: string; isThreaded: boolean; notices: string[]}> {
    for (const [flag, value] of Object.entries(flags)) tf.env().set(flag, value);
    await tf.setBackend(name);
    await tf.ready();
    // Invalid WGSL does not throw: it computes zeros.
    if (name === 'webgpu') losable().device.addEventListener('uncapturederror', ({error}) => console.error(`uncapturederror: ${error.message}`));
    const notices: string[] = [], {name: runner} = selectRunner(notice => void notices.push(notice));
    return {backend: tf.getBackend(), runner, isThreaded: name === 'wasm' && !(losable().wasm.HEAPU8.buffer instanceof ArrayBuffer), notices};
  },

  loseContext: (onNonFinite?: 'skip' | 'throw'): Lost => stepsAfter(async () => {
    const {gl} = losable().gpgpu;
    gl.getExtension('WEBGL_lose_context')!.loseContext();
    await new Promise(resolve => setTimeout(resolve, 50));
  }, onNonFinite),

  destroyDevice: (onNonFinite?: 'skip' | 'throw'): Lost => stepsAfter(async () => {
    const {device} = losable();
    device.destroy();
    await device.lost;
  }, onNonFinite),

  removeBackend: (): Lost => stepsAfter(async () => {
    tf.removeBackend(tf.getBackend());
    await tf.setBackend('cpu');
  }),

  disposeBackend: (): Lost => stepsAfter(() => {
    tf.backend().dispose();
    return Promise.resolve();
  }),

  /** Takes WebAssembly away from the page, before anything has used it. */
  removeWebAssembly(): void {
    Reflect.deleteProperty(globalThis, 'WebAssembly');
  },
};

/** Name and signature of each. */
export type Scenarios = typeof scenarios;
export type {Told};

Object.assign(globalThis, {scenarios});
