import {Random} from '../random.js';
import type {StartPair} from './estimators.js';
import {scoreHeldOut, type HeldOutScore} from './held-out.js';
import type {Objective} from './objective.js';
import {opsPairs, type HorizonOptions, type LocatedFamily} from './ops-pair.js';

/** How user families are run. */
export interface OpsPlan {
  readonly objective: Objective;
  readonly horizons: HorizonOptions;
  readonly windowSteps: number;
  /** Seed of the held-out tasks. */
  readonly heldOutSeed: number;
}

/** Tasks that are ready to run in this thread. */
export interface OpenSource {
  readonly families: readonly string[];
  readonly start: StartPair;
  /** Scores theta on the held-out task of this index. */
  heldOut(theta: Float32Array, index: number): HeldOutScore;
}

/** Families that are loaded already. */
export function openFamilies(tasks: LocatedFamily, heldOut: LocatedFamily, {objective, horizons, windowSteps, heldOutSeed}: OpsPlan): OpenSource {
  const seeds = new Random(heldOutSeed);
  return {
    families: [tasks.family.name, heldOut.family.name],
    start: opsPairs(tasks, objective, horizons),
    heldOut: (theta, index) => scoreHeldOut(heldOut, seeds.fork(index), theta, windowSteps, objective, horizons),
  };
}
