/** What one candidate came to at the end of one rung: lower is better, `Infinity` for diverged. */
export type RungScore = number;

/** One rung of a search: all candidates that are left are run, and the best go on to the next. */
export interface Rung {
  /** Steps of its runs. */
  readonly steps: number;
  /** Candidates that go on to it. Of the first, all do. */
  readonly survivors: number;
}

/** Candidates of one rung with what they came to, in the order of the candidates. */
export interface RungResult<S> {
  readonly rung: Rung;
  readonly scores: ReadonlyArray<{readonly candidate: number; readonly score: S}>;
}

/**
 * Successive halving (Jamieson and Talwalkar 2016, arXiv 1502.07943): many candidates get short runs, few get long ones.
 *
 * @param candidates Learning rates; of equal ones the first wins.
 * @param measure Runs a candidate to the end of a rung.
 * @param rank What candidates are chosen by; lower is better.
 * @returns Every rung, first to last.
 */
export async function successiveHalving<S>(
  candidates: readonly number[], rungs: readonly Rung[], measure: (candidate: number, rung: Rung) => Promise<S>, rank: (score: S) => RungScore,
): Promise<Array<RungResult<S>>> {
  const results: Array<RungResult<S>> = [];
  let left = candidates;
  for (const rung of rungs) {
    const last = results.at(-1);
    if (last !== undefined) {
      const best = byScore(last.scores.map(({candidate, score}) => ({candidate, score: rank(score)}))).slice(0, rung.survivors);
      left = left.filter(candidate => best.includes(candidate));
    }
    const scores = await Promise.all(left.map(async candidate => ({candidate, score: await measure(candidate, rung)})));
    results.push({rung, scores});
  }
  return results;
}

/** Candidates, the best first. */
export function byScore(scores: ReadonlyArray<{readonly candidate: number; readonly score: number}>): number[] {
  // Sorting is stable, and Infinity minus itself no number.
  return [...scores].sort((a, b) => (a.score === b.score ? 0 : a.score - b.score)).map(({candidate}) => candidate);
}
