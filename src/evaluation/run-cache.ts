import {L2OError} from '../errors.js';
import {hashText} from '../hash-text.js';
import {node} from '../meta/node.js';
import type {RunRecord} from './run-spec.js';

/** Raised whenever an older record would mean something else. */
const FORMAT = 1;

interface CacheFile {
  readonly format: number;
  /** All that the run depends on, in words: what the file's name is the hash of. */
  readonly key: string;
  readonly record: RunRecord;
  /** Of the record. */
  readonly hash: string;
}

/**
 * Finished runs in a folder, one file each, written whole or not at all. A file that is damaged, or of another format, counts
 * as missing and is written anew. Several processes may share a folder.
 */
export class RunCache {
  /** Damaged files met so far. */
  damaged = 0;

  /** Makes the folder where it is missing. @throws L2OError `ENVIRONMENT`. */
  constructor(private readonly folder: string) {
    const {fs} = node('cacheDir', 'evaluate');
    this.attempt('to make the folder', () => fs.mkdirSync(folder, {recursive: true}));
  }

  /** The run of this key, if it is there and whole. */
  read(key: string): RunRecord | undefined {
    const {fs} = node('cacheDir', 'evaluate'), path = this.path(key);
    const text = this.attempt('to read', () => (fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : undefined));
    if (text === undefined) return undefined;
    const record = decode(text, key);
    if (record === undefined) this.damaged++;
    return record;
  }

  /** Keeps a run. @throws L2OError `ENVIRONMENT`. */
  write(key: string, record: RunRecord): void {
    const {fs, paths} = node('cacheDir', 'evaluate'), path = this.path(key), temporary = `${path}.${process.pid}.tmp`;
    const file: CacheFile = {format: FORMAT, key, record, hash: hashOf(encode(record))};
    this.attempt('to write', () => {
      fs.mkdirSync(paths.dirname(path), {recursive: true});
      try {
        fs.writeFileSync(temporary, encode(file));
        fs.renameSync(temporary, path);
      } catch (error) {
        fs.rmSync(temporary, {force: true});
        throw error;
      }
    });
  }

  private path(key: string): string {
    const name = hashOf(key);
    // In folders of their own, since thousands of files in one are slow to list.
    return node('cacheDir', 'evaluate').paths.join(this.folder, name.slice(0, 2), `${name}.json`);
  }

  private attempt<T>(what: string, run: () => T): T {
    try {
      return run();
    } catch (cause) {
      throw new L2OError('ENVIRONMENT', `evaluate: expected ${what} of runs '${this.folder}', got ${cause instanceof Error ? cause.message : String(cause)}. Free the disk, check the permissions, or choose another cacheDir; finished runs are kept.`, {cause});
    }
  }
}

function hashOf(text: string): string {
  return hashText(text, 32);
}

/** JSON that keeps infinity. */
function encode(value: object): string {
  return JSON.stringify(value, (_, x: unknown) => (x === Infinity ? 'Infinity' : x));
}

function decode(text: string, key: string): RunRecord | undefined {
  try {
    const file = JSON.parse(text, (_, x: unknown) => (x === 'Infinity' ? Infinity : x)) as CacheFile;
    return file.format === FORMAT && file.key === key && file.hash === hashOf(encode(file.record)) ? file.record : undefined;
  } catch {
    return undefined;
  }
}
