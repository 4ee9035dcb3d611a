/** How long things take turns. */
export interface Effort {
  /** After which no new round begins. */
  readonly seconds: number;
  /** Rounds that are made even if they take longer. */
  readonly minRounds: number;
  /** After which no new round begins for all that, save the first; default: without end. */
  readonly maxSeconds?: number;
  /** Rounds before those that count; default 0. */
  readonly warmUpRounds?: number;
}

/**
 * Lets each taker have its turn, round after round, so that what disturbs the machine disturbs all alike.
 * @returns What each taker gave, by taker, and in it by round.
 */
export async function takeTurns<T>(
    takers: ReadonlyArray<() => T | Promise<T>>, {seconds, minRounds, maxSeconds = Infinity, warmUpRounds = 0}: Effort): Promise<T[][]> {
  for (let i = 0; i < warmUpRounds; i++) for (const take of takers) await take();
  const given = takers.map((): T[] => []), start = performance.now();
  for (let round = 0; round === 0 || performance.now() - start < 1000 * (round < minRounds ? maxSeconds : seconds); round++) {
    for (const [i, take] of takers.entries()) given[i]!.push(await take());
  }
  return given;
}

/** A taker that gives the milliseconds that `act` takes. */
export function timed(act: () => unknown): () => Promise<number> {
  return async () => {
    const start = performance.now(), result = act();
    // What is done at once is not charged with a turn of the event loop.
    if (result instanceof Promise) await result;
    return performance.now() - start;
  };
}
