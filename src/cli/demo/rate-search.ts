import {L2OError} from '../../errors.js';

/** What one learning rate came to. */
export interface RateScore {
  readonly rate: number;
  /** Lower is better; not finite where training diverged. */
  readonly loss: number;
}

/** A finished search. */
export interface RateSearch {
  readonly best: RateScore;
  /** Every rate tried, in ascending order. */
  readonly scores: readonly RateScore[];
  /** Rates tried beyond the first grid, because the best lay at its edge. */
  readonly numWidened: number;
  /** Whether the best still lies at an edge: the search stopped at {@link WIDEST}. */
  readonly isAtEdge: boolean;
}

/** Rates are 10^(i/2); the first grid has i from -8 to 0: 1e-4, 3.16e-4, … 1. */
export const FIRST_GRID = {low: -8, high: 0} as const;
/** Widening ends here, at 1e-10 and 1e4: no network trains beyond either. */
export const WIDEST = {low: -20, high: 8} as const;

/** The i-th rate of the half-decade grid, to three digits as one would write it: 3.16e-4, not 3.1623e-4. */
export function gridRate(i: number): number {
  return Number((10 ** (i / 2)).toPrecision(3));
}

/**
 * Finds the best rate of a half-decade grid, which it widens by a half decade at a time while the best lies at an edge.
 *
 * @param score Tries one rate; a loss that is not finite counts as worst.
 * @param onWiden Called before each further rate is tried.
 * @throws L2OError 'NON_FINITE' where no rate of the first grid gives a finite loss.
 */
export async function searchRate(score: (rate: number) => Promise<number>, onWiden?: () => void): Promise<RateSearch> {
  let {low, high}: {low: number; high: number} = FIRST_GRID;
  let scores: RateScore[] = [];
  const tryRate = async (i: number): Promise<RateScore> => ({rate: gridRate(i), loss: await score(gridRate(i))});
  for (let i = low; i <= high; i++) scores.push(await tryRate(i));
  if (!scores.some(({loss}) => Number.isFinite(loss))) {
    throw new L2OError('NON_FINITE', 'No learning rate from 1e-4 to 1 gave a finite validation loss. Train for fewer steps (--steps).');
  }
  for (;;) {
    const best = bestOf(scores);
    const isLowest = best === scores[0], isHighest = best === scores[scores.length - 1];
    const canWiden = (isLowest && low > WIDEST.low) || (isHighest && high < WIDEST.high);
    if (!canWiden) {
      const numWidened = scores.length - (FIRST_GRID.high - FIRST_GRID.low + 1);
      return {best, scores, numWidened, isAtEdge: isLowest || isHighest};
    }
    onWiden?.();
    scores = isLowest ? [await tryRate(--low), ...scores] : [...scores, await tryRate(++high)];
  }
}

/** The score with the lowest finite loss; of equals, the one with the lower rate. */
function bestOf(scores: readonly RateScore[]): RateScore {
  const rank = ({loss}: RateScore): number => (Number.isFinite(loss) ? loss : Infinity);
  return scores.reduce((best, candidate) => (rank(candidate) < rank(best) ? candidate : best));
}
