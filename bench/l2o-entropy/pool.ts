/** Processes that do the study's jobs. */
import {fork, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import type {Job} from './jobs.js';
import type {Plan} from './protocol.js';

/** What a process of the pool is told at its start. */
export interface PoolSetup {
  readonly folder: string;
  readonly plan: Plan;
}

/** Does jobs in several processes; `stop` it at the end. */
export class Pool {
  private readonly children: ChildProcess[];

  constructor(workers: number, setup: PoolSetup) {
    this.children = Array.from({length: workers}, () => fork(new URL('./worker.ts', import.meta.url), [JSON.stringify(setup)]));
  }

  /** Does all jobs, the first ones first. @throws Error where a process ends before its job does. */
  async run(jobs: readonly Job[], onDone: (job: Job, numDone: number) => void): Promise<void> {
    const waiting = [...jobs];
    let numDone = 0;
    await Promise.all(this.children.map(async child => {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        await this.ask(child, job);
        onDone(job, ++numDone);
      }
    }));
  }

  private async ask(child: ChildProcess, job: Job): Promise<void> {
    const over = new AbortController(), {signal} = over;
    const died = once(child, 'exit', {signal}).then(() => {
      throw new Error(`a process of the pool ended at ${JSON.stringify(job)}: see its message above. Finished pieces are kept.`);
    });
    try {
      const done = once(child, 'message', {signal});
      child.send(job);
      await Promise.race([done, died]);
    } finally {
      // Whichever lost the race is of no interest any more.
      died.catch(() => undefined);
      over.abort();
    }
  }

  /** Ends the processes, those at work after their job. */
  stop(): void {
    for (const child of this.children) child.disconnect();
  }
}
