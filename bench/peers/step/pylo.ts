/**
 * PyLO's source at one commit. Not from PyPI: what has that name there is a program for microscopes.
 *
 * It is cloned from where it is published, or from what the environment variable `TFJS_L2O_PYLO` names: any repository that has the commit.
 */
import {existsSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {attempt, CACHE} from '../python.js';

const COMMIT = 'd05c6c1e4f4d7c46a91828a0826c2699bfe48211', SOURCE = 'https://github.com/Belilovsky-Lab/pylo';

/** Folder with the package `pylo`. @throws Unavailable where it cannot be had. */
export async function pyloFolder(): Promise<string> {
  const folder = join(CACHE, `pylo-${COMMIT.slice(0, 12)}`), source = process.env.TFJS_L2O_PYLO ?? SOURCE;
  if (existsSync(join(folder, 'pylo'))) return folder;
  rmSync(folder, {recursive: true, force: true});
  await attempt(`could not be cloned from ${source} (set TFJS_L2O_PYLO to a repository of it)`, 'git', 'clone', '--quiet', '--no-checkout', source, folder);
  await attempt(`has no commit ${COMMIT}`, 'git', '-C', folder, 'checkout', '--quiet', COMMIT);
  return folder;
}
