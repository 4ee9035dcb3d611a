/** Python with packages, in virtual environments of a folder that is not part of the repository. */
import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

const run = promisify(execFile);

/** Where environments, and whatever else comparisons fetch, are kept. */
export const CACHE = fileURLToPath(new URL('../../node_modules/.cache/tfjs-l2o-peers', import.meta.url));

/** What an environment holds, in the notation of pip. */
export interface Packages {
  readonly packages: readonly string[];
  /** Those that are installed without what they ask for themselves. */
  readonly bare?: readonly string[];
}

/** PyTorch, of the release that PyLO names, and what PyLO's modules import. */
export const TORCH: Packages = {packages: ['torch==2.6.0', 'numpy==1.26.4', 'huggingface_hub==0.30.2', 'safetensors==0.4.5']};

/** google/learned_optimization, with the newest release of JAX that its own still runs with. What it asks for itself is partly gone from the index. */
export const LEARNED_OPTIMIZATION: Packages = {
  packages: [
    'jax==0.4.25', 'jaxlib==0.4.25', 'numpy==1.26.4', 'scipy==1.12.0', 'flax==0.8.2', 'dm-haiku==0.0.12', 'optax==0.2.1', 'chex==0.1.86',
    'orbax-checkpoint==0.5.11', 'absl-py', 'gin-config',
  ],
  bare: ['learned_optimization==0.0.1'],
};

/** Versions of Python that all of these are built for. */
const PYTHONS = ['python3.11', 'python3.10', 'python3.9', 'python3.12', 'python3'], SUPPORTED = /^Python 3\.(9|10|11|12)\./;

/** Why a comparison cannot be made here. */
export class Unavailable extends Error {}

/** Path of a Python that has the packages, which are installed where they are not yet there. @throws Unavailable where they cannot be had. */
export async function pythonWith({packages, bare = []}: Packages): Promise<string> {
  const environment = join(CACHE, createHash('sha256').update([...packages, ...bare].join()).digest('hex').slice(0, 12));
  const python = join(environment, 'bin', 'python'), complete = join(environment, 'complete');
  if (existsSync(complete)) return python;
  const base = await findPython();
  rmSync(environment, {recursive: true, force: true});
  mkdirSync(CACHE, {recursive: true});
  const pip = (...args: string[]): Promise<void> => attempt('the packages could not be installed', python, '-m', 'pip', 'install', '--quiet', '--no-cache-dir', ...args);
  await attempt('no virtual environment could be made', base, '-m', 'venv', environment);
  await pip(...packages);
  if (bare.length > 0) await pip('--no-deps', ...bare);
  writeFileSync(complete, '');
  return python;
}

async function findPython(): Promise<string> {
  for (const name of PYTHONS) {
    const version = await run(name, ['--version']).then(({stdout}) => stdout, () => '');
    if (SUPPORTED.test(version)) return name;
  }
  throw new Unavailable('no Python 3.9 to 3.12 was found');
}

/** Runs a program to its end. @throws Unavailable with the end of what it complained of. */
export async function attempt(failure: string, command: string, ...args: string[]): Promise<void> {
  try {
    await run(command, args);
  } catch (error) {
    const {stderr = '', message} = error as Error & {stderr?: string};
    throw new Unavailable(`${failure}: ${(stderr.trim() || message).split('\n').slice(-2).join(' ')}`);
  }
}
