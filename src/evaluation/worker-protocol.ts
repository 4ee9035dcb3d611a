import type {L2OErrorCode} from '../errors.js';
import type {RunSource} from './open-suite.js';
import type {RunRecord} from './run-spec.js';

/** What a worker is started with. */
export type WorkerSetup = RunSource & {readonly suite: string};

/** What a worker says: once when it is ready, then once per run. */
export type WorkerAnswer =
  | {readonly kind: 'ready'; readonly backend: string}
  | {readonly kind: 'record'; readonly record: RunRecord};

/** Why a worker cannot do what it is asked for. */
export interface WorkerFailure {
  readonly kind: 'error';
  readonly code: L2OErrorCode | undefined;
  readonly message: string;
}
