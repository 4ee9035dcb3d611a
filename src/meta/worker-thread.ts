import type {Worker} from 'node:worker_threads';
import {L2OError} from '../errors.js';
import {node} from './node.js';
import type {WorkerAnswer, WorkerRequest, WorkerSetup} from './worker-protocol.js';

/** A worker that has ended by itself: its work can be done again by another. */
export class WorkerDeath extends Error {
  override readonly name = 'WorkerDeath';
}

/** What a worker thread is started with. */
export interface WorkerFile {
  readonly url: URL;
  /** Arguments of the thread. */
  readonly argv: string[];
}

/** Whose workers they are. */
export interface WorkerKind {
  /** The function that asks, and what it asks for, for errors. */
  readonly caller: string;
  readonly work: string;
  readonly file: WorkerFile;
}

/**
 * A worker's file: in the built package, or the source `worker.ts` beside the asking module, which has to be translated first.
 * @param here Address of the asking module, in a folder beside this one.
 * @param built Name of the file beside it in the package.
 */
export function workerFile(here: string, built: string): WorkerFile {
  if (here.endsWith('.ts')) return {url: new URL('../meta/tsx-worker.mjs', here), argv: [new URL('./worker.ts', here).href]};
  // Joined, so that bundlers for browsers do not take it for a file of theirs.
  return {url: new URL(['.', built].join('/'), here), argv: []};
}

type WorkerFailure = Extract<WorkerAnswer, {readonly kind: 'error'}>;

function isFailure(answer: {readonly kind: string}): answer is WorkerFailure {
  return answer.kind === 'error';
}

/** A worker thread that is asked one thing at a time: a worker of `metaFit`, unless told otherwise. */
export class WorkerThread<Request = WorkerRequest, Answer extends {readonly kind: string} = Exclude<WorkerAnswer, WorkerFailure>> {
  private readonly worker: Worker;
  private waiting: {resolve(answer: Answer): void; reject(error: unknown): void} | undefined;
  private death: WorkerDeath | undefined;
  private cause: Error | undefined;

  /** Starts the thread; wait for {@link WorkerThread.ready} before asking anything. */
  constructor(setup: WorkerSetup);
  constructor(setup: object, kind: WorkerKind);
  constructor(setup: object, private readonly kind: WorkerKind = {caller: 'metaFit', work: 'run its pairs', file: workerFile(import.meta.url, 'meta-worker.js')}) {
    const {threads} = node('workers', kind.caller), {url, argv} = kind.file;
    this.worker = new threads.Worker(url, {workerData: setup, argv});
    this.worker.on('message', (answer: Answer | WorkerFailure) => this.settle(answer));
    this.worker.on('messageerror', error => (this.cause = error));
    this.worker.on('error', error => (this.cause = error));
    this.worker.on('exit', code => {
      this.death = new WorkerDeath(`a worker ended with code ${code}${this.cause === undefined ? '' : `: ${this.cause.message}`}`, {cause: this.cause});
      this.waiting?.reject(this.death);
      this.waiting = undefined;
    });
  }

  private settle(answer: Answer | WorkerFailure): void {
    const {waiting, kind: {caller, work}} = this;
    this.waiting = undefined;
    if (!isFailure(answer)) return waiting?.resolve(answer);
    const {code, message} = answer;
    waiting?.reject(new L2OError(code ?? 'ENVIRONMENT', code === undefined ? `${caller}: expected a worker to ${work}, got the error: ${message}` : message));
  }

  private answer(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.death === undefined) this.waiting = {resolve, reject};
      else reject(this.death);
    });
  }

  /** The worker's first words. */
  ready(): Promise<Answer> {
    return this.answer();
  }

  /** @throws WorkerDeath where the worker ends before it has answered; L2OError where the request fails. */
  ask(request: Request): Promise<Answer> {
    const answer = this.answer();
    this.worker.postMessage(request);
    return answer;
  }

  async stop(): Promise<void> {
    await this.worker.terminate();
  }
}
