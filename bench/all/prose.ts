import {MODELS} from '../measures/models.js';
import type {BenchResults} from './results.js';

/** Where and with what it was measured. */
export function settingOf({node, tfjs, browser, device, machine, load, seconds}: BenchResults): string {
  const chromium = browser === undefined ? '' : `, Chromium ${browser} (webgl and webgpu on ${device ?? 'its own'}, no real GPU)`;
  return `Node ${node}, TensorFlow.js ${tfjs}${chromium}; ${machine}; load ${load[0]} before and ${load[1]} after; ${seconds} s for each figure.`;
}

/** What is not there, and why; empty where all is. */
export function leftOutLines({leftOut}: BenchResults): string[] {
  return leftOut.map(({part, backend, why}) => `${part}${backend === undefined ? '' : ` on ${backend}`}: ${why}`);
}

/** What the columns of the models are. */
export function modelLines(): string[] {
  return Object.entries(MODELS).map(([name, {title}]) => `${name}: ${title}`);
}

/** Of importing, in a sentence. */
export function importLine({import: cost}: BenchResults): string {
  if (cost === undefined) return 'Import: not measured.';
  return `Importing the package takes ${cost.packageMs} ms, after ${cost.tfjsMs} ms for tfjs-core, tfjs-layers and the cpu backend (medians of ${cost.runs} new processes).`;
}

/** Of the training kernels, in a sentence. */
export function trainingKernelsLine({trainingKernels: cost}: BenchResults): string {
  if (cost === undefined) return 'Training kernels: not measured.';
  return `A training step of the conv net takes ${cost.cpuMsPerStep} ms on the cpu backend and ${cost.wasmMsPerStep} ms on wasm with our training kernels: ${cost.speedup} times as fast.`;
}
