import {Random} from '../random.js';

const SEED = 0;

/**
 * The generator of a variable's initial slots, which all that steps by a rule draws from: so the same run starts alike in
 * the optimizer and in rollouts.
 * @param index Variables with elements that the same optimizer stepped first before this one.
 */
export function slotRandom(index: number): Random {
  return new Random(SEED).fork(index);
}
