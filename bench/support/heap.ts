import {setTimeout} from 'node:timers/promises';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';

const SETTLE_MS = 50;

let collect: (() => void) | undefined;

/** Bytes of JavaScript's heap and of the arrays outside it that it owns, after garbage collection. */
export async function readHeap(): Promise<number> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  // What is outside the heap is freed behind the first collection's back.
  await setTimeout(SETTLE_MS);
  collect();
  const {heapUsed, external} = process.memoryUsage();
  return heapUsed + external;
}
