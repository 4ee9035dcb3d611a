/** Loss above this multiple of the first counts as this: a diverged rollout cannot outweigh all others. */
const WORST = 5;
/** Loss below this share of the first gains nothing more. */
const BEST = 0.005;

/** Score of one training loss relative to the run's first: log of the loss ratio, bounded at both ends. Lower is better. */
export function logLossScore(loss: number, first: number): number {
  const ratio = loss / first;
  return Math.log((ratio < WORST ? Math.max(ratio, 0) : WORST) + BEST);
}
