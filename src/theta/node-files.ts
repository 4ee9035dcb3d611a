import {L2OError} from '../errors.js';
import {environmentError, reason, type ByteSource} from './byte-source.js';
import {checkSize, corrupt} from './theta-format.js';

/** Files to be written to one folder, by name. */
export type FolderFiles = ReadonlyArray<readonly [name: string, bytes: Uint8Array]>;

/**
 * Node's modules, had without an import: bundlers for browsers try to resolve even a dynamic one, and fail.
 * @throws L2OError `ENVIRONMENT` in versions of Node that cannot.
 */
function node() {
  const host: Partial<NodeJS.Process> = process;
  if (host.getBuiltinModule === undefined) throw environmentError('theta files', 'Node 20.19 or newer', process.version, 'Update Node, or pass the bytes to loadTheta.');
  return {fs: process.getBuiltinModule('node:fs/promises'), paths: process.getBuiltinModule('node:path'), urls: process.getBuiltinModule('node:url')};
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'Check the path, and that its folder exists.',
  EACCES: 'Check the permissions of the file and of its folder.',
  EPERM: 'Check the permissions of the file and of its folder.',
  EROFS: 'The disk is read-only: choose another place.',
  ENOSPC: 'The disk is full: free some space, or choose another place.',
  EDQUOT: 'The quota is used up: free some space, or choose another place.',
  EISDIR: 'It is a folder: choose the name of a file.',
  ENOTDIR: 'Part of the path is a file, not a folder.',
  EEXIST: 'It is a file, where a folder is needed: end the path in .safetensors to save one file.',
};

function fileError(caller: string, expected: string, error: unknown): L2OError {
  if (error instanceof L2OError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return environmentError(caller, expected, code ?? reason(error), REMEDIES[code ?? ''] ?? 'Check the path and the disk.', error);
}

/** The path of a `file:` URL. */
export function pathOfUrl(url: URL): string {
  try {
    return node().urls.fileURLToPath(url);
  } catch (error) {
    throw fileError('theta files', `the URL of a file, as '${url.href}' is not`, error);
  }
}

/** Reads a file; of a folder, its `model.json`. */
export function fileSource(path: string): ByteSource {
  return {
    async read(limit) {
      const {fs} = node(), expected = `to read '${path}'`;
      try {
        const at = await resolveFolder(path), info = await fs.stat(at);
        // Before it is opened: opening a pipe would wait for its writer.
        if (!info.isFile()) throw environmentError('loadTheta', expected, 'no regular file', 'Pass the path of a file, or of a folder with a model.json.');
        checkSize(info.size, limit);
        return await readWhole(at, info.size);
      } catch (error) {
        throw fileError('loadTheta', expected, error);
      }
    },
    async readBeside(name, limit) {
      const {paths} = node();
      let folder: string;
      try {
        folder = paths.dirname(await resolveFolder(path));
      } catch (error) {
        throw fileError('loadTheta', `to read '${path}'`, error);
      }
      return fileSource(paths.join(folder, name)).read(limit);
    },
  };
}

async function resolveFolder(path: string): Promise<string> {
  const {fs, paths} = node();
  return (await fs.stat(path)).isDirectory() ? paths.join(path, 'model.json') : path;
}

/** No more than `size` bytes, whatever has become of the file meanwhile. */
async function readWhole(path: string, size: number): Promise<Uint8Array> {
  const file = await node().fs.open(path, 'r');
  try {
    const bytes = new Uint8Array(size);
    let offset = 0;
    while (offset < size) {
      const {bytesRead} = await file.read(bytes, offset, size - offset, offset);
      if (bytesRead === 0) corrupt(`a file of ${size} bytes, got ${offset}`);
      offset += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/**
 * Writes a file whole or not at all.
 * @throws L2OError `ENVIRONMENT`; what was there before is intact then, and no temporary file is left.
 */
export async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await replace(path, bytes);
  } catch (error) {
    throw fileError('saveTheta', `to write '${path}'`, error);
  }
}

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const {fs} = node(), temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    const file = await fs.open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      // Else a power cut might leave the new name with none of the bytes.
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.rm(temporary, {force: true}).catch(() => undefined);
    throw error;
  }
}

/**
 * Writes files to a folder, which is made where it is missing, one whole file after the other; so the last may refer to
 * those before it.
 * @throws L2OError `ENVIRONMENT`; files that were there before under other names are intact then.
 */
export async function writeFolder(folder: string, files: FolderFiles): Promise<void> {
  const {fs, paths} = node();
  try {
    await fs.mkdir(folder, {recursive: true});
    for (const [name, bytes] of files) await replace(paths.join(folder, name), bytes);
  } catch (error) {
    throw fileError('saveTheta', `to write the folder '${folder}'`, error);
  }
}

/** Removes a file of a folder, if it can. */
export async function removeFile(folder: string, name: string): Promise<void> {
  const {fs, paths} = node();
  await fs.rm(paths.join(folder, name), {force: true}).catch(() => undefined);
}
