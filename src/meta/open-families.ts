import {Random} from '../random.js';
import type {StartUnrolled} from './bptt/bptt-estimator.js';
import {startUnrolled} from './bptt/start-unrolled.js';
import type {HorizonRange} from './estimator.js';
import type {StartPair} from './estimators.js';
import {scoreHeldOut, type HeldOutScore} from './held-out.js';
import {opsPairs, type LocatedFamily, type RunPlan} from './ops-pair.js';
import type {FlatnessPlan, WindowFlatness} from './window-flatness.js';

/** How user families are run. */
export interface OpsPlan extends RunPlan {
  readonly windowSteps: number;
  /** Seed of the held-out tasks. */
  readonly heldOutSeed: number;
  /** What is added to the objective of windows. */
  readonly flatness?: FlatnessPlan | undefined;
}

/** Tasks that are ready to run in this thread. */
export interface OpenSource {
  readonly families: readonly string[];
  readonly start: StartPair;
  readonly unroll: StartUnrolled;
  /** Scores theta on the held-out task of this index. @param horizons What its number of steps is drawn from. */
  heldOut(theta: Float32Array, index: number, horizons: HorizonRange): HeldOutScore;
}

/** Families that are loaded already. @param flatness That of the plan. */
export function openFamilies(tasks: LocatedFamily, heldOut: LocatedFamily, plan: OpsPlan, flatness?: WindowFlatness): OpenSource {
  const seeds = new Random(plan.heldOutSeed);
  return {
    families: [tasks.family.name, heldOut.family.name],
    start: opsPairs(tasks, plan, flatness),
    unroll: startUnrolled(tasks, plan, flatness),
    heldOut: (theta, index, horizons) => scoreHeldOut(heldOut, seeds.fork(index), theta, plan.windowSteps, plan, horizons),
  };
}
