/** What training of `tensor-lstm` goes on from, in weights/tensor-lstm/, and the theta that is kept beside it. */
import {existsSync, mkdirSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {writeFileAtomically} from '../src/cli/atomic-file.js';
import type {OuterState} from '../src/meta/trainer.js';
import {RULE_VERSION, THETA_SIZE} from '../src/rules/tensor-lstm/spec.js';

export interface Checkpoint {
  readonly state: OuterState;
  /** Running average of theta over outer steps. */
  readonly average: Float32Array;
  /** Lowest validation so far; `'refined'` where the kept theta was chosen otherwise and is not to be replaced. */
  readonly best: number | 'refined';
}

type Header = Pick<Checkpoint, 'best'> & Omit<OuterState, 'theta' | 'moment' | 'variance'> & {readonly ruleVersion: number; readonly thetaSize: number};

const folder = fileURLToPath(new URL('../weights/tensor-lstm/', import.meta.url));
const checkpointFile = `${folder}checkpoint.bin`, bestFile = `${folder}theta.bin`;
/** One line for each validation. */
export const HISTORY_FILE = `${folder}history.jsonl`;

/** A JSON line, then theta, moment, variance and average as float32. */
export function saveCheckpoint({state, average, best}: Checkpoint): void {
  const {theta, moment, variance, ...scalars} = state;
  mkdirSync(folder, {recursive: true});
  const header: Header = {ruleVersion: RULE_VERSION, thetaSize: THETA_SIZE, best, ...scalars};
  writeFileAtomically(checkpointFile, Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...[theta, moment, variance, average].map(bytesOf)]));
}

/** The checkpoint, if there is one. @throws Error Where it is of another version of the rule. */
export function readCheckpoint(): Checkpoint | undefined {
  if (!existsSync(checkpointFile)) return undefined;
  const bytes = readFileSync(checkpointFile), start = bytes.indexOf(10) + 1;
  const {ruleVersion, thetaSize, best, ...scalars} = JSON.parse(bytes.subarray(0, start).toString()) as Header;
  if (ruleVersion !== RULE_VERSION || thetaSize !== THETA_SIZE) throw new Error('the checkpoint is of another version of the rule; move it away to start anew');
  const [theta, moment, variance, average] = [0, 1, 2, 3].map(i => floatsOf(bytes, start + 4 * i * THETA_SIZE));
  return {state: {...scalars, theta: theta!, moment: moment!, variance: variance!}, average: average!, best};
}

/** Takes `theta` for the one that ships. */
export function saveBestTheta(theta: Float32Array): void {
  writeFileAtomically(bestFile, bytesOf(theta));
}

/** As many floats as a theta has, from this byte on. */
function floatsOf(bytes: Buffer, start: number): Float32Array {
  const from = bytes.byteOffset + start;
  return new Float32Array(bytes.buffer.slice(from, from + 4 * THETA_SIZE));
}

function bytesOf(array: Float32Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

/** The theta that ships. */
export function readBestTheta(): Float32Array {
  return floatsOf(readFileSync(bestFile), 0);
}
