import {fork, type ChildProcess} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import type {DuelAnswer, DuelRequest, DuelSetup} from './duel-process.js';
import type {DuelResult} from './duels.js';

/** Duels on processes of their own; the number of processes changes no result. */
export class DuelPool {
  private constructor(private readonly processes: readonly ChildProcess[]) {}

  /** Tunes Adam on all duels: minutes. */
  static async open(seed: number, numDuels: number, numProcesses: number): Promise<DuelPool> {
    const path = fileURLToPath(new URL('duel-process.ts', import.meta.url));
    const pool = new DuelPool(Array.from({length: numProcesses}, () => fork(path, {serialization: 'advanced'})));
    const indices = Array.from({length: numDuels}, (_, i) => i);
    await Promise.all(pool.processes.map((child, k) => ask(child, {seed, indices: indices.filter(i => i % numProcesses === k)})));
    return pool;
  }

  /** A theta on the duels from `range[0]` up to `range[1]`, in their order. */
  async judge(theta: Float32Array, range: readonly [number, number]): Promise<DuelResult[]> {
    const parts = await Promise.all(this.processes.map(child => ask(child, {theta, range})));
    return (parts as ReadonlyArray<readonly DuelResult[]>).flat().sort((a, b) => a.index - b.index);
  }

  close(): void {
    for (const child of this.processes) child.kill();
  }
}

function ask(child: ChildProcess, message: DuelSetup | DuelRequest): Promise<DuelAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (code: number | null): void => reject(new Error(`a process of duels ended with code ${code}`));
    child.once('exit', fail);
    child.once('message', answer => {
      child.off('exit', fail);
      resolve(answer as DuelAnswer);
    });
    child.send(message);
  });
}
