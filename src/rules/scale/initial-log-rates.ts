import type {Random} from '../../random.js';
import {CONSTANTS} from './spec.js';

/**
 * Log rates of a variable's `n` parameters before the first step: spread within the variable, and about a number of its own.
 * @param random A generator of this variable's own.
 */
export function initialLogRates(n: number, random: Pick<Random, 'uniform'>): Float32Array {
  const low = Math.log(CONSTANTS.INITIAL_RATE_MIN) / 2, high = Math.log(CONSTANTS.INITIAL_RATE_MAX) / 2;
  const offset = random.uniform(low, high);
  return Float32Array.from({length: n}, () => offset + random.uniform(low, high));
}
