import {accessSync, constants, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {dirname, resolve} from 'node:path';
import {L2OError} from '../errors.js';

/**
 * Writes a file whole or not at all: to a temporary name beside it, then renamed over it.
 *
 * Synchronous on purpose: a signal handler cannot run in between, so an interrupt leaves no temporary file either.
 */
export function writeFileAtomically(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content, {flag: 'wx'});
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, {force: true});
    throw error;
  }
}

/**
 * Makes sure, before any work is done for it, that a file can be written.
 *
 * @throws L2OError 'INVALID_ARGUMENT' where `path` is a folder, or its folder is missing or read-only.
 */
export function checkWritable(path: string): void {
  try {
    accessSync(dirname(resolve(path)), constants.W_OK);
    if (statSync(path, {throwIfNoEntry: false})?.isDirectory() !== true) return;
  } catch (cause) {
    throw new L2OError('INVALID_ARGUMENT', `--out '${path}' cannot be written: its folder is missing or read-only.`, {cause});
  }
  throw new L2OError('INVALID_ARGUMENT', `--out takes the path of a file, got the folder '${path}'.`);
}
