import {createRequire} from 'node:module';
import {dirname, join, sep} from 'node:path';
import {engine, getBackend, setBackend} from '@tensorflow/tfjs-core';
import {registerWasmTrainingKernels} from '../../kernel/wasm-training.js';

const WASM_PACKAGE = '@tensorflow/tfjs-backend-wasm';

/** What is used of that package, which need not be there. */
interface WasmPackage {
  readonly setWasmPaths: (prefix: string) => void;
}

/**
 * Makes the backend current that runs most tasks of the suites fastest: wasm, with the kernels that convolutions and gathers need
 * to be trained. Where its package is missing the current one stays, on which the same tasks run slower. Node only.
 */
export async function prepareBackend(): Promise<void> {
  if (getBackend() === 'wasm') return void registerWasmTrainingKernels();
  let packageFile: string;
  try {
    packageFile = createRequire(import.meta.url).resolve(`${WASM_PACKAGE}/package.json`);
  } catch {
    return;
  }
  const {setWasmPaths} = await import(WASM_PACKAGE) as WasmPackage;
  // TF.js throws where the files of a backend that already runs are named again.
  if (!('wasm' in engine().registry)) setWasmPaths(join(dirname(packageFile), 'dist') + sep);
  await setBackend('wasm');
  registerWasmTrainingKernels();
}
