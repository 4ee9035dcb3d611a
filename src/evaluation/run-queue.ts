import {L2OError} from '../errors.js';
import {WorkerDeath} from '../meta/worker-thread.js';
import type {RunRecord, RunSpec} from './run-spec.js';

/** Somebody who makes one run at a time. */
export interface RunSeat {
  /** @throws WorkerDeath where it died at it; it can be asked again. */
  run(spec: RunSpec): Promise<RunRecord>;
  stop(): Promise<void>;
}

/** Why runs that were asked for are not made. */
export class RunsEnded extends Error {
  override readonly name = 'RunsEnded';
  constructor(readonly reason: 'limit' | 'aborted') {
    super(`no more runs: ${reason}`);
  }
}

/** How often in a row a seat may die at one run. */
const MOST_DEATHS = 3;

interface Waiting {
  readonly spec: RunSpec;
  readonly resolve: (record: RunRecord) => void;
  readonly reject: (error: unknown) => void;
}

/** Hands runs to seats: those of earlier tasks first, so that tasks are finished one after another. */
export class RunQueue {
  private readonly waiting: Waiting[] = [];
  private readonly free: RunSeat[];
  private ended: Error | undefined;

  /** @param isOver Asked before each run; with a reason, nothing more is begun. */
  constructor(private readonly seats: readonly RunSeat[], private readonly isOver: () => RunsEnded | undefined) {
    this.free = [...seats];
  }

  /** Makes a run. @throws RunsEnded; L2OError where it failed. */
  run(spec: RunSpec): Promise<RunRecord> {
    return new Promise((resolve, reject) => {
      this.waiting.push({spec, resolve, reject});
      // Not at once: runs of earlier tasks may be asked for in this very turn.
      queueMicrotask(() => this.serve());
    });
  }

  /** Waits for nothing: runs in flight are lost. */
  async stop(): Promise<void> {
    this.ended ??= new RunsEnded('aborted');
    this.refuse();
    await Promise.all(this.seats.map(seat => seat.stop()));
  }

  private serve(): void {
    this.ended ??= this.isOver();
    if (this.ended !== undefined) {
      this.refuse();
      return;
    }
    while (this.free.length > 0 && this.waiting.length > 0) {
      const first = this.waiting.reduce((least, w) => (w.spec.task < least.spec.task ? w : least));
      this.waiting.splice(this.waiting.indexOf(first), 1);
      void this.serveWith(this.free.pop()!, first);
    }
  }

  private refuse(): void {
    for (const {reject} of this.waiting.splice(0)) reject(this.ended);
  }

  private async serveWith(seat: RunSeat, {spec, resolve, reject}: Waiting): Promise<void> {
    try {
      resolve(await this.persist(seat, spec));
    } catch (error) {
      // One failed run is the end: no result can be whole without it.
      this.ended ??= error instanceof Error ? error : new Error(String(error));
      reject(error);
    }
    this.free.push(seat);
    this.serve();
  }

  private async persist(seat: RunSeat, spec: RunSpec): Promise<RunRecord> {
    for (let deaths = 1; ; deaths++) {
      try {
        return await seat.run(spec);
      } catch (error) {
        if (!(error instanceof WorkerDeath)) throw error;
        // Those that were stopped are not to be started again.
        if (this.ended !== undefined) throw this.ended;
        if (deaths < MOST_DEATHS) continue;
        throw new L2OError('ENVIRONMENT', `evaluate: expected workers to live, got ${deaths} deaths in a row at the same run (${error.message}). Check the memory, and the suite for calls that end the process.`, {cause: error});
      }
    }
  }
}
