import type * as threads from 'node:worker_threads';
import {L2OError} from '../errors.js';
import {CONTROL, CONTROL_INTS, THREAD_SOURCE} from './thread-loop.js';
import {isShared} from './wasm-backend.js';

/** What the threads of a team can compute: exports that take the range to compute, `start` and `stop`, last. */
export type SharedCalls = Readonly<Record<string, (...numbers: number[]) => void>>;

/** How often to look whether the others have finished before going to sleep: a chunk takes some 50 µs. */
const NUM_LOOKS = 2000;
/** Longest sleep, ms. Only bounds how late a lost wake-up is noticed. */
const SLEEP_MS = 100;

interface ThreadHandle {
  terminate(): void;
}

/**
 * Why several threads cannot work on one memory here, or undefined where they can.
 * @param memory Theirs; without it, one that could be made is meant.
 */
export function threadObstacle(memory?: WebAssembly.Memory): string | undefined {
  if (typeof SharedArrayBuffer === 'undefined' || (globalThis as {crossOriginIsolated?: boolean}).crossOriginIsolated === false) {
    return 'there is no shared memory here (a page needs the headers Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy)';
  }
  if (memory !== undefined && !isShared(memory)) return 'the backend\'s memory is not one that threads share';
  return nodeThreads() === undefined && typeof Worker === 'undefined' ? 'there are no workers here' : undefined;
}

function nodeThreads(): typeof threads | undefined {
  const host = (globalThis as {process?: Partial<typeof process>}).process;
  return typeof host?.getBuiltinModule === 'function' ? host.getBuiltinModule('node:worker_threads') : undefined;
}

/**
 * Threads that compute parts of one call on one memory together with the caller, who waits for them. Any thread takes the next
 * chunk until none is left; so threads that have not started yet, or never start, cost speed and nothing else. They start with the
 * first call, keep no process alive, and end with {@link ThreadTeam.stop}.
 */
export class ThreadTeam {
  private readonly control = new SharedArrayBuffer(4 * CONTROL_INTS);
  private readonly ints = new Int32Array(this.control);
  private readonly canSleep = canSleep();
  private threads: ThreadHandle[] = [];
  private trouble: string | undefined;
  private numShared = 0;

  /**
   * @param numThreads The caller's own included.
   * @param module To be linked to `memory` on each thread.
   * @param calls Exports of the caller's own instance of `module`.
   * @param chunk Numbers of a range that a thread takes at a time.
   */
  constructor(
    private readonly numThreads: number, private readonly memory: WebAssembly.Memory, private readonly module: WebAssembly.Module,
    private readonly calls: SharedCalls, private readonly chunk: number) {}

  /** Why the threads could not be started, if they could not. */
  get failure(): string | undefined {
    return this.trouble;
  }

  /** Chunks that threads other than the caller's have computed so far. */
  get sharedChunks(): number {
    return this.numShared;
  }

  /**
   * Makes `call(...numbers, start, stop)` for all chunks of 0 to `count`, and returns when all are done.
   * @throws L2OError `ENVIRONMENT` where a thread trapped.
   */
  run(call: string, numbers: readonly number[], count: number): void {
    const {ints, chunk} = this, own = this.calls[call]!;
    this.start();
    ints[CONTROL.call] = Object.keys(this.calls).indexOf(call);
    ints[CONTROL.count] = count;
    ints[CONTROL.numNumbers] = numbers.length;
    ints.set(numbers, CONTROL.numbers);
    Atomics.store(ints, CONTROL.next, 0);
    Atomics.store(ints, CONTROL.open, 1);
    Atomics.add(ints, CONTROL.job, 1);
    Atomics.notify(ints, CONTROL.job);
    let numShared = Math.ceil(count / chunk);
    for (let start; (start = Atomics.add(ints, CONTROL.next, 1) * chunk) < count; numShared--) own(...numbers, start, Math.min(start + chunk, count));
    this.numShared += numShared;
    // Who comes from now on finds nothing to do, and who is inside is waited for: so no thread takes one call's numbers into the next.
    Atomics.store(ints, CONTROL.open, 0);
    this.waitForOthers();
    if (Atomics.load(ints, CONTROL.failed) === 0) return;
    this.stop();
    throw new L2OError('ENVIRONMENT', `LearnedOptimizer: expected ${this.numThreads} threads to step a variable, got one that failed in the middle of it. ` +
      'Weights and slots are not to be trusted: load them from where they were last saved, and train with numThreads: 1.');
  }

  private waitForOthers(): void {
    for (let looks = 0; ; looks++) {
      const active = Atomics.load(this.ints, CONTROL.active);
      if (active === 0) return;
      // A page may not sleep; it goes on looking.
      if (this.canSleep && looks > NUM_LOOKS) Atomics.wait(this.ints, CONTROL.active, active, SLEEP_MS);
    }
  }

  private start(): void {
    if (this.threads.length > 0 || this.trouble !== undefined) return;
    Atomics.store(this.ints, CONTROL.failed, 0);
    const data = {module: this.module, memory: this.memory, control: this.control, calls: Object.keys(this.calls), chunk: this.chunk};
    const fail = (error: unknown): void => {
      this.stop();
      this.trouble = `workers do not start (${error instanceof Error ? error.message : String(error)})`;
    };
    try {
      for (let i = 1; i < this.numThreads; i++) this.threads.push(startThread(data, fail));
    } catch (error) {
      fail(error);
    }
  }

  /** Ends the threads; a later call starts them again. */
  stop(): void {
    this.threads.forEach(thread => thread.terminate());
    this.threads = [];
  }
}

function startThread(data: object, fail: (error: unknown) => void): ThreadHandle {
  const node = nodeThreads();
  if (node !== undefined) {
    const source = `import {workerData} from 'node:worker_threads'; (${THREAD_SOURCE})(workerData);`;
    // Without the loaders of the process that starts it, which it does not need.
    const thread = new node.Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {workerData: data, execArgv: [], env: node.SHARE_ENV});
    thread.on('error', fail);
    thread.unref();
    return {terminate: () => void thread.terminate()};
  }
  const url = URL.createObjectURL(new Blob([`onmessage = ({data}) => (${THREAD_SOURCE})(data);`], {type: 'text/javascript'}));
  const thread = new Worker(url);
  thread.onerror = event => {
    event.preventDefault();
    fail(event.message || 'the content security policy may lack worker-src blob:');
  };
  thread.postMessage(data);
  return {
    terminate() {
      thread.terminate();
      URL.revokeObjectURL(url);
    },
  };
}

/** Whether this thread may sleep until another wakes it: that of a page may not. */
function canSleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
