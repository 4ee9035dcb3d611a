import {createRequire} from 'node:module';
import {dirname, join, sep} from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import type {BackendName} from './args.js';

/** The package that brings each backend, and what to do where it is missing. */
const PACKAGES: Readonly<Record<BackendName, {readonly name: string; readonly remedy: string}>> = {
  cpu: {name: '@tensorflow/tfjs-backend-cpu', remedy: 'Install it with: npm install @tensorflow/tfjs-backend-cpu'},
  wasm: {
    name: '@tensorflow/tfjs-backend-wasm',
    remedy: 'Install it with: npm install @tensorflow/tfjs-backend-wasm (or use --backend cpu)',
  },
  node: {
    name: '@tensorflow/tfjs-node',
    remedy: 'Install it with: npm install @tensorflow/tfjs-node (or use --backend wasm or cpu)',
  },
};
/** tfjs-node registers itself under another name than its package suggests. */
const REGISTERED_NAMES: Readonly<Record<BackendName, string>> = {cpu: 'cpu', wasm: 'wasm', node: 'tensorflow'};

/** The backend chosen, and why where the choice was ours. */
export interface ChosenBackend {
  readonly name: BackendName;
  /** One line for the user; undefined where the backend was asked for. */
  readonly notice: string | undefined;
}

/**
 * Makes a backend TF.js's current one.
 *
 * @param wanted Undefined: wasm where its package is installed, else cpu.
 * @throws L2OError 'UNSUPPORTED_BACKEND' where its package is missing or does not start.
 */
export async function useBackend(wanted: BackendName | undefined): Promise<ChosenBackend> {
  // Quiets TF.js's advertisement of its native backend, which it prints to the console from the cpu one.
  tf.env().set('PROD', true);
  if (wanted !== undefined) {
    await startBackend(wanted);
    return {name: wanted, notice: undefined};
  }
  if (await importOptional(PACKAGES.wasm.name) !== undefined) {
    await startBackend('wasm');
    return {name: 'wasm', notice: 'the fastest that needs no native library'};
  }
  await startBackend('cpu');
  return {name: 'cpu', notice: `${PACKAGES.wasm.name}, which is faster, is not installed`};
}

async function startBackend(name: BackendName): Promise<void> {
  const {name: packageName, remedy} = PACKAGES[name];
  try {
    const module = await importOptional(packageName);
    if (module === undefined) throw new Error(`${packageName} is not installed.`);
    if (name === 'wasm') pointToWasmFiles(module, packageName);
    if (!(await tf.setBackend(REGISTERED_NAMES[name]))) throw new Error('TF.js could not start it.');
    await tf.ready();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
    throw new L2OError('UNSUPPORTED_BACKEND', `The ${name} backend cannot be used: ${reason} ${remedy}`, {cause});
  }
}

/**
 * Imports a package that need not be there. The name is a variable, so that bundlers leave it alone.
 *
 * @returns The module, or undefined where that very package is not installed; any other failure is thrown.
 */
export async function importOptional(packageName: string): Promise<unknown> {
  try {
    return await import(packageName);
  } catch (error) {
    if (isMissing(error, packageName)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown, packageName: string): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND' &&
    error.message.includes(`'${packageName}'`);
}

function pointToWasmFiles(module: unknown, packageName: string): void {
  // TF.js throws where the files of a backend that already runs are named again.
  if ('wasm' in tf.engine().registry) return;
  if (!hasSetWasmPaths(module)) throw new Error(`${packageName} has no setWasmPaths.`);
  const packageJson = createRequire(import.meta.url).resolve(`${packageName}/package.json`);
  module.setWasmPaths(join(dirname(packageJson), 'dist') + sep);
}

function hasSetWasmPaths(module: unknown): module is {setWasmPaths(prefix: string): void} {
  return typeof module === 'object' && module !== null && 'setWasmPaths' in module && typeof module.setWasmPaths === 'function';
}
