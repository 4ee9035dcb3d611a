import type {Worker} from 'node:worker_threads';
import {L2OError} from '../errors.js';
import {node} from './node.js';
import type {WorkerAnswer, WorkerRequest, WorkerSetup} from './worker-protocol.js';

/** A worker that has ended by itself: its work can be done again by another. */
export class WorkerDeath extends Error {
  override readonly name = 'WorkerDeath';
}

/** The worker's file: beside this one in the built package, or its source, which has to be translated first. */
function workerUrl(): URL {
  const here = import.meta.url;
  // Joined, so that bundlers for browsers do not take it for a file of theirs.
  return here.endsWith('.ts') ? new URL('./tsx-worker.mjs', here) : new URL(['.', 'meta-worker.js'].join('/'), here);
}

/** A worker thread that is asked one thing at a time. */
export class WorkerThread {
  private readonly worker: Worker;
  private waiting: {resolve(answer: WorkerAnswer): void; reject(error: unknown): void} | undefined;
  private death: WorkerDeath | undefined;
  private cause: Error | undefined;

  /** Starts the thread; wait for {@link WorkerThread.ready} before asking anything. */
  constructor(setup: WorkerSetup) {
    const {threads} = node('workers');
    this.worker = new threads.Worker(workerUrl(), {workerData: setup});
    this.worker.on('message', (answer: WorkerAnswer) => this.settle(answer));
    this.worker.on('messageerror', error => (this.cause = error));
    this.worker.on('error', error => (this.cause = error));
    this.worker.on('exit', code => {
      this.death = new WorkerDeath(`a worker ended with code ${code}${this.cause === undefined ? '' : `: ${this.cause.message}`}`, {cause: this.cause});
      this.waiting?.reject(this.death);
      this.waiting = undefined;
    });
  }

  private settle(answer: WorkerAnswer): void {
    const {waiting} = this;
    this.waiting = undefined;
    if (answer.kind !== 'error') return waiting?.resolve(answer);
    const {code, message} = answer;
    waiting?.reject(new L2OError(code ?? 'ENVIRONMENT', code === undefined ? `metaFit: expected a worker to run its pairs, got the error: ${message}` : message));
  }

  private answer(): Promise<WorkerAnswer> {
    return new Promise((resolve, reject) => {
      if (this.death === undefined) this.waiting = {resolve, reject};
      else reject(this.death);
    });
  }

  /** The worker's first words. */
  ready(): Promise<WorkerAnswer> {
    return this.answer();
  }

  /** @throws WorkerDeath where the worker ends before it has answered; L2OError where the request fails. */
  ask(request: WorkerRequest): Promise<WorkerAnswer> {
    const answer = this.answer();
    this.worker.postMessage(request);
    return answer;
  }

  async stop(): Promise<void> {
    await this.worker.terminate();
  }
}
