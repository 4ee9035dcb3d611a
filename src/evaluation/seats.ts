import {WorkerDeath, WorkerThread, workerFile} from '../meta/worker-thread.js';
import {runOnce, type RunContext} from './run-once.js';
import type {RunSeat} from './run-queue.js';
import type {RunSpec} from './run-spec.js';
import type {WorkerAnswer, WorkerSetup} from './worker-protocol.js';

/** Runs in this thread, and lets others have a turn after each. */
export function localSeat(context: RunContext): RunSeat {
  return {
    run: async spec => {
      const record = runOnce(context, spec);
      await new Promise(resolve => {
        setTimeout(resolve, 0);
      });
      return record;
    },
    stop: () => Promise.resolve(),
  };
}

/** A seat in a worker thread, and the backend that it runs on. A worker that dies is replaced at the next run. */
export async function workerSeat(setup: WorkerSetup): Promise<{seat: RunSeat; backend: string}> {
  const start = async (): Promise<{thread: WorkerThread<RunSpec, WorkerAnswer>; first: WorkerAnswer}> => {
    const thread = new WorkerThread<RunSpec, WorkerAnswer>(setup, {caller: 'evaluate', work: 'make its run', file: workerFile(import.meta.url, 'evaluation-worker.js')});
    return {thread, first: await thread.ready()};
  };
  const {thread, first} = await start();
  if (first.kind !== 'ready') throw unexpected(first);
  let current: WorkerThread<RunSpec, WorkerAnswer> | undefined = thread;
  const seat: RunSeat = {
    run: async spec => {
      try {
        current ??= (await start()).thread;
        const answer = await current.ask(spec);
        if (answer.kind !== 'record') throw unexpected(answer);
        return answer.record;
      } catch (error) {
        if (error instanceof WorkerDeath) current = undefined;
        throw error;
      }
    },
    stop: async () => current?.stop(),
  };
  return {seat, backend: first.backend};
}

function unexpected({kind}: WorkerAnswer): RangeError {
  return new RangeError(`a worker's answer '${kind}' is to no question that was asked`);
}
