import {execFileSync, spawn, type ChildProcess} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {createInterface} from 'node:readline';
import {Unavailable} from './python.js';

/** More threads would only share the one core. */
const ONE_THREAD = {OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1', TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1', TF_CPP_MIN_LOG_LEVEL: '2', JAX_PLATFORMS: 'cpu', XLA_FLAGS: '--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1'};
const READY = 'ready ';

/** The core that all programs run on, in turn. */
const CORE = 0;

/**
 * One of the programs that are compared, pinned to a core. It waits, without using the core, until it is asked.
 * `Ask` and `Answer` go through JSON.
 */
export class Program<Ask, Answer> {
  private readonly child: ChildProcess;
  private readonly lines: NodeJS.AsyncIterator<string>;
  private readonly closed: Promise<unknown>;
  private errors = '';

  constructor(command: string, args: readonly string[]) {
    this.child = spawn('taskset', ['-c', String(CORE), command, ...args], {env: {...process.env, ...ONE_THREAD}, stdio: ['pipe', 'pipe', 'pipe']});
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

/** @throws Unavailable where programs cannot be pinned to a core. */
export function requireTaskset(): void {
  try {
    execFileSync('taskset', ['-c', String(CORE), 'true'], {stdio: 'ignore'});
  } catch {
    throw new Unavailable('taskset, which pins programs to a core, is missing or may not be used');
  }
}

/** Prints what a comparison found as JSON, or `{"skipped": reason}` where it cannot be made here; into the file `out` as well. */
export async function printResult(result: Promise<unknown>, out?: string): Promise<void> {
  const text = JSON.stringify(await result.catch((error: unknown) => {
    if (error instanceof Unavailable) return {skipped: error.message};
    throw error;
  }), null, 1);
  console.log(text);
  if (out !== undefined) writeFileSync(out, `${text}\n`);
}
