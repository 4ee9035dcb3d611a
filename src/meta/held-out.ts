import type {Random} from '../random.js';
import {openRollout} from '../rollout/open-rollout.js';
import type {HorizonRange} from './estimator.js';
import {scoreLoss, weightLeft} from './objective.js';
import {drawRun, type LocatedFamily, type RunPlan} from './ops-pair.js';
import {rolloutParticle, type FirstLoss} from './particle.js';

/** How a theta did on one held-out task. */
export interface HeldOutScore {
  /** The objective over the whole run; lower is better. */
  readonly score: number;
  readonly innerSteps: number;
  readonly diverged: boolean;
}

/** Runs one task of a family from start to end under `theta`; depends on nothing but its arguments. Losses alone are scored. */
export function scoreHeldOut(family: LocatedFamily, random: Random, theta: Float32Array, windowSteps: number, plan: RunPlan, range: HorizonRange): HeldOutScore {
  const {objective} = plan, {origin, steps, options, sample} = drawRun(family, random, plan, range), first: FirstLoss = {value: undefined};
  const particle = rolloutParticle(openRollout(sample(), origin, options), steps, objective, first);
  try {
    let score = 0, done = 0;
    while (done < steps) {
      const count = Math.min(windowSteps, steps - done), window = particle.run(theta, count);
      if (objective.over === 'final') score += window.objective;
      else score += window.objective * count / steps;
      done += count;
      if (!window.diverged) continue;
      const worst = scoreLoss(objective.kind, Infinity, first.value!, done);
      return {score: objective.over === 'final' ? worst : score + worst * weightLeft(objective.over, done, steps), innerSteps: done, diverged: true};
    }
    return {score, innerSteps: steps, diverged: false};
  } finally {
    particle.dispose();
  }
}
