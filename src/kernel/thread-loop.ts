/** Ints by which the threads of a team agree on who computes what. */
export const CONTROL = {
  /** Counts calls; a thread sleeps until it changes. */
  job: 0,
  /** Whether chunks may be taken. */
  open: 1,
  /** The next chunk that nobody has taken. */
  next: 2,
  /** Threads that may be computing, beside the caller's. */
  active: 3,
  /** Whether one has trapped. */
  failed: 4,
  /** The call, as an index; the end of its range; how many numbers it takes before the range; these numbers. */
  call: 5, count: 6, numNumbers: 7, numbers: 8,
} as const;
/** How often a thread looks for the next call before it goes to sleep, some 0.1 ms: calls come in pairs, and waking takes time. */
const NUM_LOOKS = 20_000;
const MAX_NUMBERS = 8;
/** Size of the control block. */
export const CONTROL_INTS = CONTROL.numbers + MAX_NUMBERS;

/**
 * What a thread does all its life, as the source of a function: a package that bundlers take apart has no file of its own to start a
 * worker from. It counts itself in before it looks whether there is work, so that the caller, who closes a call and then waits until
 * nobody is counted in, never changes numbers that are in use.
 */
export const THREAD_SOURCE = `({module, memory, control, calls, chunk}) => {
  const ints = new Int32Array(control), {exports} = new WebAssembly.Instance(module, {env: {memory}});
  for (let job = 0; ;) {
    for (let looks = 0; looks < ${NUM_LOOKS} && Atomics.load(ints, ${CONTROL.job}) === job; looks++);
    Atomics.wait(ints, ${CONTROL.job}, job);
    job = Atomics.load(ints, ${CONTROL.job});
    Atomics.add(ints, ${CONTROL.active}, 1);
    try {
      if (Atomics.load(ints, ${CONTROL.open})) {
        const call = exports[calls[ints[${CONTROL.call}]]], count = ints[${CONTROL.count}];
        const numbers = Array.from(ints.subarray(${CONTROL.numbers}, ${CONTROL.numbers} + ints[${CONTROL.numNumbers}]));
        for (let start; (start = Atomics.add(ints, ${CONTROL.next}, 1) * chunk) < count;) call(...numbers, start, Math.min(start + chunk, count));
      }
    } catch {
      Atomics.store(ints, ${CONTROL.failed}, 1);
    }
    Atomics.sub(ints, ${CONTROL.active}, 1);
    Atomics.notify(ints, ${CONTROL.active});
  }
}`;
