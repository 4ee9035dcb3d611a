import type {BenchResults} from '../../../bench/all/results.js';

/** Figures made up, of two backends. */
export const SAMPLE: BenchResults = {
  node: 'v20.0.0', tfjs: '4.22.0', browser: '156.0', device: 'SwiftShader', machine: 'a processor, 2 cores', load: [0.1, 1.2], seconds: 1,
  leftOut: [{part: 'roofline', why: 'clang-19 is not installed'}],
  rows: [
    {backend: 'wasm', numParams: 10_000, numVariables: 1, nsPerParam: 4, adamNsPerParam: 8, ratio: 0.5, sgdNsPerParam: 1, turns: 9},
    {backend: 'wasm', numParams: 100_000, numVariables: 50, nsPerParam: 9, adamNsPerParam: 10, ratio: 0.9, sgdNsPerParam: 1, turns: 9},
    {backend: 'wasm', numParams: 100_000, numVariables: 500, nsPerParam: 90, adamNsPerParam: 10, ratio: 9, sgdNsPerParam: 1, turns: 9},
    {backend: 'webgl', numParams: 10_000, numVariables: 1, nsPerParam: 30, adamNsPerParam: 10, ratio: 3, sgdNsPerParam: 5, turns: 5},
  ],
  models: [{backend: 'wasm', model: 'conv', numParams: 5258, msPerStep: 10, adamMsPerStep: 11, sgdMsPerStep: 9, ratio: 0.909, ratioToSgd: 1.111, turns: 5}],
  memory: [{
    backend: 'wasm', optimizer: 'learned', numParams: 100_000, numVariables: 50, stateFloatsPerParam: 3.087, tensorFloatsPerParam: 0, tensorGrowthPerStep: 0, wasmGrowthPerStep: 0,
  }],
  start: [{backend: 'wasm', constructionMs: 0.2, firstStepMs: 3, adamConstructionMs: 0.1, adamFirstStepMs: 2, runs: 5}],
  trainingKernels: {net: 'a net', batch: 32, cpuMsPerStep: 800, wasmMsPerStep: 8, speedup: 100},
};
