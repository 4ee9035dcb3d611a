import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import type {Contender} from '../measures/contenders.js';
import type {StartCost} from '../measures/start.js';
import type {BackendName} from '../support/backends.js';

/** How long imports take in a new process, in milliseconds. */
export interface ImportTimes {
  readonly tfjsMs: number;
  /** Of this package, after TF.js. */
  readonly packageMs: number;
}

const PACKAGE = new URL('../../dist/index.js', import.meta.url);
const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Whether there is a package to import. */
export const isBuilt = (): boolean => existsSync(PACKAGE);

/** Imports TF.js and the built package in a new process. */
export async function importInProcess(): Promise<ImportTimes> {
  return run([fileOf('import.mjs'), PACKAGE.href]) as Promise<ImportTimes>;
}

/** Constructs an optimizer and makes its first step in a new process. */
export async function startInProcess(backend: BackendName, contender: Contender): Promise<StartCost> {
  return run(['--import', 'tsx', fileOf('first-step.ts'), backend, contender]) as Promise<StartCost>;
}

async function run(args: readonly string[]): Promise<unknown> {
  const {stdout} = await promisify(execFile)(process.execPath, [...args]);
  return JSON.parse(stdout) as unknown;
}
