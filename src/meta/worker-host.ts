import {L2OError} from '../errors.js';
import type {EstimatorState, HorizonRange, WindowPlan} from './estimator.js';
import type {HeldOutScore} from './held-out.js';
import type {Host, HostOptions, PairResult} from './host.js';
import type {TaskSource} from './task-source.js';
import type {WorkerAnswer} from './worker-protocol.js';
import {WorkerDeath, WorkerThread} from './worker-thread.js';

/** How often in a row the worker of one request may die. */
const MOST_DEATHS = 3;

/** A worker's place: whoever fills it runs these pairs. */
interface Seat {
  readonly pairs: readonly number[];
  thread: WorkerThread | undefined;
}

/** Runs the pairs in worker threads. A worker that dies is replaced, and what it was doing is done again. */
export class WorkerHost implements Host {
  private readonly seats: Seat[] = [];
  private readonly pairStates: Array<EstimatorState | undefined>;
  families: readonly string[] = [];

  private constructor(private readonly source: TaskSource, private readonly options: HostOptions) {
    this.pairStates = Array.from({length: options.numPairs}, () => undefined);
  }

  /** Starts the workers and waits for them. */
  static async start(source: TaskSource, options: HostOptions, workers: number): Promise<WorkerHost> {
    const host = new WorkerHost(source, options), indices = Array.from({length: options.numPairs}, (_, i) => i);
    for (let w = 0; w < workers; w++) host.seats.push({pairs: indices.filter(i => i % workers === w), thread: undefined});
    try {
      await host.each(() => Promise.resolve());
    } catch (error) {
      await host.stop();
      throw error;
    }
    return host;
  }

  async window(theta: Float32Array, plan: WindowPlan): Promise<PairResult[]> {
    const results: PairResult[] = [];
    await this.each(async (thread, seat) => {
      const answer = await thread.ask({kind: 'window', theta, plan});
      if (answer.kind !== 'window') throw unexpected(answer);
      this.keep(seat, answer.states);
      seat.pairs.forEach((index, k) => (results[index] = answer.results[k]!));
    });
    return results;
  }

  async heldOut(theta: Float32Array, count: number, horizons: HorizonRange): Promise<HeldOutScore[]> {
    const scores: HeldOutScore[] = [];
    await this.each(async (thread, seat) => {
      const w = this.seats.indexOf(seat), indices = Array.from({length: count}, (_, i) => i).filter(i => i % this.seats.length === w);
      const answer = await thread.ask({kind: 'heldOut', theta, indices, horizons});
      if (answer.kind !== 'heldOut') throw unexpected(answer);
      indices.forEach((index, k) => (scores[index] = answer.scores[k]!));
    });
    return scores;
  }

  states(): readonly EstimatorState[] {
    // All of them are there since the workers said that they are ready.
    return this.pairStates as readonly EstimatorState[];
  }

  async restore(states: readonly EstimatorState[]): Promise<void> {
    states.forEach((state, i) => (this.pairStates[i] = state));
    await this.each(async (thread, {pairs}) => {
      const answer = await thread.ask({kind: 'restore', states: pairs.map(i => states[i]!)});
      if (answer.kind !== 'restored') throw unexpected(answer);
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.seats.map(async seat => seat.thread?.stop()));
  }

  /** Does `work` on every seat, and waits for all of them even where one fails. */
  private async each(work: (thread: WorkerThread, seat: Seat) => Promise<void>): Promise<void> {
    const outcomes = await Promise.allSettled(this.seats.map(seat => this.persist(seat, work)));
    const failed = outcomes.find(outcome => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Does `work` with the seat's worker, and again with a new one where that dies. */
  private async persist(seat: Seat, work: (thread: WorkerThread, seat: Seat) => Promise<void>): Promise<void> {
    for (let deaths = 1; ; deaths++) {
      try {
        await work(seat.thread ?? await this.fill(seat), seat);
        return;
      } catch (error) {
        if (!(error instanceof WorkerDeath)) throw error;
        seat.thread = undefined;
        if (deaths < MOST_DEATHS) continue;
        throw new L2OError('ENVIRONMENT', `metaFit: expected workers to live, got ${deaths} deaths in a row at the same work (${error.message}). Check the memory, and the task family for calls that end the process.`, {cause: error});
      }
    }
  }

  /** Starts a worker that goes on where the seat's pairs stood after their last window. */
  private async fill(seat: Seat): Promise<WorkerThread> {
    const {numPairs: _, ...options} = this.options, known = seat.pairs.map(i => this.pairStates[i]).filter(s => s !== undefined);
    // Pairs have states as soon as a worker has made them: all of a seat's, or none.
    const states = known.length === seat.pairs.length ? known : undefined;
    const thread = seat.thread = new WorkerThread({source: this.source, pairs: seat.pairs, options, states});
    const answer = await thread.ready();
    if (answer.kind !== 'ready') throw unexpected(answer);
    this.families = answer.families;
    this.keep(seat, answer.states);
    return thread;
  }

  private keep({pairs}: Seat, states: readonly EstimatorState[]): void {
    pairs.forEach((index, k) => (this.pairStates[index] = states[k]));
  }
}

function unexpected({kind}: WorkerAnswer): RangeError {
  return new RangeError(`a worker's answer '${kind}' is to no question that was asked`);
}
