/** Python with google/learned_optimization, in a folder that is not part of the repository. */
import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';

const run = promisify(execFile);
/** The newest release of JAX that the library's release still runs with, and what goes with it. */
const PACKAGES = ['jax==0.4.25', 'jaxlib==0.4.25', 'numpy==1.26.4', 'scipy==1.12.0', 'flax==0.8.2', 'dm-haiku==0.0.12', 'optax==0.2.1', 'chex==0.1.86', 'orbax-checkpoint==0.5.11', 'absl-py', 'gin-config'];
/** Without what it asks for itself, which is partly gone from the index and for logs and data sets alone. */
const LIBRARY = 'learned_optimization==0.0.1';
/** Versions of Python that the packages are built for. */
const PYTHONS = ['python3.11', 'python3.10', 'python3.9', 'python3.12', 'python3'], SUPPORTED = /^Python 3\.(9|10|11|12)\./;

/** Why the comparison cannot be made here. */
export class Unavailable extends Error {}

/** Path of a Python that has the packages, installed into `folder` where they are not yet there. @throws Unavailable where they cannot be had. */
export async function pythonWithLibrary(folder: string): Promise<string> {
  const environment = join(folder, createHash('sha256').update([...PACKAGES, LIBRARY].join()).digest('hex').slice(0, 12));
  const python = join(environment, 'bin', 'python'), complete = join(environment, 'complete');
  if (existsSync(complete)) return python;
  const base = await findPython();
  rmSync(environment, {recursive: true, force: true});
  mkdirSync(folder, {recursive: true});
  const pip = (...args: string[]): Promise<void> => attempt('the packages could not be installed', python, '-m', 'pip', 'install', '--quiet', ...args);
  await attempt('no virtual environment could be made', base, '-m', 'venv', environment);
  await pip(...PACKAGES);
  await pip('--no-deps', LIBRARY);
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

async function attempt(failure: string, command: string, ...args: string[]): Promise<void> {
  try {
    await run(command, args);
  } catch (error) {
    const {stderr = '', message} = error as Error & {stderr?: string};
    throw new Unavailable(`${failure}: ${(stderr.trim() || message).split('\n').slice(-2).join(' ')}`);
  }
}
