import {spawn, type ChildProcess} from 'node:child_process';
import {createInterface} from 'node:readline';
import type {Answer, Ask} from './protocol.js';

/** More threads would only share the one core. */
const ONE_THREAD = {OMP_NUM_THREADS: '1', JAX_PLATFORMS: 'cpu', XLA_FLAGS: '--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1'};
const READY = 'ready ';

/** One of the programs that are compared, pinned to a core. It waits, without using the core, until it is asked. */
export class Program {
  private readonly child: ChildProcess;
  private readonly lines: NodeJS.AsyncIterator<string>;
  private readonly closed: Promise<unknown>;
  private errors = '';

  constructor(core: number, command: string, args: readonly string[]) {
    this.child = spawn('taskset', ['-c', String(core), command, ...args], {env: {...process.env, ...ONE_THREAD}, stdio: ['pipe', 'pipe', 'pipe']});
    this.child.stderr!.on('data', (chunk: Buffer) => (this.errors = (this.errors + chunk.toString()).slice(-4000)));
    this.closed = new Promise(resolve => this.child.once('close', resolve));
    this.child.stdin!.on('error', () => undefined); // A program that has ended is found out by its missing answer.
    this.lines = createInterface({input: this.child.stdout!})[Symbol.asyncIterator]();
  }

  /** What the program says of itself once it has compiled everything. */
  async ready(): Promise<Record<string, unknown>> {
    const line = await this.line();
    if (!line.startsWith(READY)) throw new Error(`expected '${READY}…', got '${line}'`);
    return JSON.parse(line.slice(READY.length)) as Record<string, unknown>;
  }

  async ask(what: Ask): Promise<Answer> {
    this.child.stdin!.write(`${JSON.stringify(what)}\n`);
    return JSON.parse(await this.line()) as Answer;
  }

  private async line(): Promise<string> {
    const next = await this.lines.next();
    if (next.done !== true) return next.value;
    await this.closed;
    throw new Error(`a program ended early: ${this.errors.trim()}`);
  }

  /** Ends the program. */
  async stop(): Promise<void> {
    this.child.kill();
    await this.closed;
  }
}
