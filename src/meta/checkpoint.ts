import {sha256} from '@noble/hashes/sha2.js';
import {L2OError} from '../errors.js';
import type {StageState} from './curriculum.js';
import type {EstimatorState} from './estimator.js';
import type {OuterState} from './outer-update.js';
import type {MetaFitHistory} from './meta-fit-result.js';
import {node} from './node.js';
import {decodeTree, encodeTree} from './state-codec.js';

/** Raised whenever an older checkpoint would mean something else. */
const VERSION = 2;
const MAGIC = 'tfjs-l2o checkpoint\n';
const HASH_BYTES = 32;
/** Name of the file in its folder. */
export const CHECKPOINT_NAME = 'checkpoint.l2o';

/** The best theta so far by held-out score. */
export interface BestTheta {
  readonly theta: Float32Array;
  readonly score: number;
  readonly outerStep: number;
}

/** All that a run needs to go on as if it had never stopped. */
export interface RunState {
  readonly outer: OuterState;
  readonly pairs: readonly EstimatorState[];
  readonly best: BestTheta;
  /** Last held-out score. */
  readonly heldOut: number;
  /** Judgements since the best theta. */
  readonly stale: number;
  readonly diverged: number;
  /** Where the run stands in its curriculum. */
  readonly stage: StageState;
  readonly history: MetaFitHistory[];
}

interface Header {
  readonly version: number;
  readonly recipe: string;
  readonly state: unknown;
}

/**
 * Bytes of a checkpoint: a magic line, the length of the JSON, the JSON (version, hash of the recipe, state), the state's
 * arrays, and a SHA-256 of all that.
 */
export function encodeCheckpoint(state: RunState, recipe: string): Uint8Array {
  const {json, floats} = encodeTree({version: VERSION, recipe, state} satisfies Header);
  const magic = new TextEncoder().encode(MAGIC), text = new TextEncoder().encode(json);
  const start = magic.length + 4, end = start + text.length + 4 * floats.length;
  const bytes = new Uint8Array(end + HASH_BYTES);
  bytes.set(magic);
  new DataView(bytes.buffer).setUint32(magic.length, text.length, true);
  bytes.set(text, start);
  bytes.set(new Uint8Array(floats.buffer), start + text.length);
  bytes.set(sha256(bytes.subarray(0, end)), end);
  return bytes;
}

/**
 * Reads a checkpoint of this recipe.
 * @param recipe Undefined: of any.
 * @throws L2OError `CORRUPT_FILE` where it is cut short, damaged or none; `INVALID_ARGUMENT` where it is of another version or
 *     recipe.
 */
export function decodeCheckpoint(bytes: Uint8Array, recipe: string | undefined, path: string): RunState {
  const magic = new TextEncoder().encode(MAGIC), end = bytes.length - HASH_BYTES, start = magic.length + 4;
  const corrupt = (got: string): never => {
    throw new L2OError('CORRUPT_FILE', `metaFit: expected a whole checkpoint in '${path}', got ${got}. It was left as it is; move it away to start anew.`);
  };
  if (!magic.every((byte, i) => bytes[i] === byte)) corrupt('a file that is none');
  if (end < start || !sha256(bytes.subarray(0, end)).every((byte, i) => bytes[end + i] === byte)) corrupt('one that is cut short or damaged');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(magic.length, true);
  // Not slice(): that of a Node Buffer shares its memory, which need not be aligned.
  const data = new Uint8Array(bytes.subarray(start + length, end));
  const header = decodeTree({json: new TextDecoder().decode(bytes.subarray(start, start + length)), floats: new Float32Array(data.buffer)}) as Header;
  const refuse = (expected: string, got: string, remedy: string): never => {
    throw new L2OError('INVALID_ARGUMENT', `metaFit: expected a checkpoint of ${expected} in '${path}', got one of ${got}. ${remedy} It was left as it is.`);
  };
  if (header.version !== VERSION) refuse(`version ${VERSION}`, `version ${header.version}`, 'Go on with the tfjs-l2o that wrote it, or choose another checkpointDir.');
  if (recipe !== undefined && header.recipe !== recipe) refuse(`this recipe (${recipe})`, `another (${header.recipe})`, 'Go on with the same families and options, or choose another checkpointDir.');
  return header.state as RunState;
}

/** Files of one run's folder. */
export class CheckpointFolder {
  private readonly path: string;

  /** Makes the folder where it is missing. @throws L2OError `ENVIRONMENT`. */
  constructor(folder: string, private readonly recipe: string) {
    const {fs, paths} = node('checkpointDir');
    this.path = paths.join(folder, CHECKPOINT_NAME);
    this.attempt('to make the folder of', () => fs.mkdirSync(folder, {recursive: true}));
  }

  /** The state that was last written, if any. @throws L2OError as {@link decodeCheckpoint}, or `ENVIRONMENT`. */
  read(): RunState | undefined {
    const {fs} = node('checkpointDir');
    const bytes = this.attempt('to read', () => (fs.existsSync(this.path) ? fs.readFileSync(this.path) : undefined));
    return bytes === undefined ? undefined : decodeCheckpoint(bytes, this.recipe, this.path);
  }

  /** Replaces the checkpoint whole or not at all. @throws L2OError `ENVIRONMENT`; the last one is intact then. */
  write(state: RunState): void {
    const {fs, paths} = node('checkpointDir'), bytes = encodeCheckpoint(state, this.recipe);
    // One name, so that runs that are killed while writing leave one file at most.
    const temporary = `${this.path}.tmp`;
    this.attempt('to write', () => {
      try {
        const file = fs.openSync(temporary, 'w');
        try {
          fs.writeFileSync(file, bytes);
          // Else a power cut might leave the new name with none of the bytes.
          fs.fsyncSync(file);
        } finally {
          fs.closeSync(file);
        }
        fs.renameSync(temporary, this.path);
      } catch (error) {
        this.remove(temporary);
        throw error;
      }
      this.syncFolder(paths.dirname(this.path));
    });
  }

  private remove(file: string): void {
    try {
      node('checkpointDir').fs.rmSync(file, {force: true});
    } catch {
      // What comes of this is of no interest beside what went wrong before.
    }
  }

  /** Makes the renaming last; Windows has no such thing for folders. */
  private syncFolder(folder: string): void {
    if (process.platform === 'win32') return;
    const {fs} = node('checkpointDir'), handle = fs.openSync(folder, 'r');
    try {
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
  }

  private attempt<T>(what: string, run: () => T): T {
    try {
      return run();
    } catch (cause) {
      throw new L2OError('ENVIRONMENT', `metaFit: expected ${what} '${this.path}', got ${cause instanceof Error ? cause.message : String(cause)}. Free the disk, check the permissions, or choose another checkpointDir; the last checkpoint is intact.`, {cause});
    }
  }
}
