import type {L2OErrorCode} from '../errors.js';
import type {EstimatorState, HorizonRange, WindowPlan} from './estimator.js';
import type {HeldOutScore} from './held-out.js';
import type {PairResult} from './host.js';
import type {PairOptions} from './pair-set.js';
import type {TaskSource} from './task-source.js';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly source: TaskSource;
  /** Indices of the pairs that this worker runs. */
  readonly pairs: readonly number[];
  readonly options: PairOptions;
  /** Where these pairs stand. Default: at their start. */
  readonly states: readonly EstimatorState[] | undefined;
}

/** Asks for a window of all pairs of the worker, for scores of held-out tasks, or to go on elsewhere. */
export type WorkerRequest =
  | {readonly kind: 'window'; readonly theta: Float32Array; readonly plan: WindowPlan}
  | {readonly kind: 'heldOut'; readonly theta: Float32Array; readonly indices: readonly number[]; readonly horizons: HorizonRange}
  | {readonly kind: 'restore'; readonly states: readonly EstimatorState[]};

/** What a worker says: once when it is ready, then once per request; results and states in the order of its pairs. */
export type WorkerAnswer =
  | {readonly kind: 'ready'; readonly families: readonly string[]; readonly states: EstimatorState[]}
  | {readonly kind: 'window'; readonly results: PairResult[]; readonly states: EstimatorState[]}
  | {readonly kind: 'heldOut'; readonly scores: HeldOutScore[]}
  | {readonly kind: 'restored'}
  | {readonly kind: 'error'; readonly code: L2OErrorCode | undefined; readonly message: string};

/** The memory of all arrays inside an answer, to be handed over instead of copied. */
export function arrayBuffers(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) arrayBuffers(part, found);
  }
  return [...found];
}
