import type {Random} from '../random.js';
import type {FlatnessGradient} from './flatness-term.js';
import type {Neighbourhood} from './neighbourhood.js';

/**
 * A measure as a penalty: ≥ 0, and 0 on a flat loss, so that no curvature is ever worth more than none. NaN where all samples were
 * non-finite; some of them are left out. Value and gradient with generators of one seed agree.
 */
export interface FlatnessPenalty {
  value(around: Neighbourhood, random: Random): number;
  gradient(around: Neighbourhood, random: Random): FlatnessGradient;
}

/** The gradient of a penalty that has no value. */
export function noGradient({size}: Neighbourhood): FlatnessGradient {
  return {value: NaN, gradient: new Float32Array(size).fill(NaN)};
}
