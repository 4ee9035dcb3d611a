import {type Random} from '../random.js';
import type {LoadedTask, Rollout, RolloutEngine} from '../rollout/engine.js';
import {THETA_SIZE} from '../rules/tensor-lstm/spec.js';
import type {SampledTask} from '../tasks/mlp-family.js';

/** Loss above this multiple of the first counts as this: a diverged rollout cannot outweigh all others. */
const WORST = 5;
/** Loss below this share of the first gains nothing more. */
const BEST = 0.005;
/** Differences of a pair's objectives are clipped here, so that one pair cannot set the meta-gradient alone. */
const MAX_DIFFERENCE = 0.5;

/** What one training loss scores, relative to the run's first: log of the loss ratio, bounded at both ends. Lower is better. */
export function score(loss: number, first: number): number {
  const ratio = loss / first;
  return Math.log((ratio < WORST ? Math.max(ratio, 0) : WORST) + BEST);
}

/** What one pair reports of one window. */
export interface PairWindow {
  /** Mean score over the window and both particles. */
  readonly objective: number;
  /** Inner steps of both particles. */
  readonly innerSteps: number;
  /** Whether a particle's loss stopped being finite. */
  readonly diverged: boolean;
}

/**
 * An antithetic pair of particles on one task (noise-reuse evolution strategies: Li et al. 2023, arXiv 2304.12180): one
 * perturbation for the whole rollout, a gradient estimate from every window of it, a new task when it ends.
 */
export class AntitheticPair {
  private generation = 0;
  private task!: SampledTask;
  private loaded!: LoadedTask;
  private particles!: [Rollout, Rollout];
  private readonly noise = new Float32Array(THETA_SIZE);
  private readonly perturbed = new Float32Array(THETA_SIZE);
  private remaining = 0;
  private first = 0;
  private alive = true;

  /**
   * @param random Source of this pair's tasks and perturbations; the pair depends on nothing else.
   * @param sampleTask Draws the next task.
   */
  constructor(private readonly engine: RolloutEngine, private readonly random: Random, private readonly sampleTask: (random: Random) => SampledTask) {
    this.reset();
    // Staggered starts: the first rollout ends early, so that pairs do not restart in step.
    this.remaining = Math.max(1, Math.round(this.remaining * this.random.fork('stagger').uniform()));
  }

  private reset(): void {
    const random = this.random.fork(this.generation++);
    this.task = this.sampleTask(random.fork('task'));
    this.loaded = this.engine.load(this.task);
    const options = {rule: 'tensor-lstm', learningRate: 1, horizon: this.task.horizon, hasLoss: this.task.hasLoss, seed: random.next()} as const;
    this.particles = [this.engine.start(this.loaded, options), this.engine.start(this.loaded, options)];
    this.noise.set(random.fork('noise').normals(THETA_SIZE));
    this.remaining = this.task.steps;
    this.first = 0;
    this.alive = true;
  }

  /**
   * Advances both particles by one window and adds this pair's estimate of the meta-gradient to `gradient`.
   * @param sigma Standard deviation of the perturbation.
   */
  window(theta: Float32Array, steps: number, sigma: number, gradient: Float32Array): PairWindow {
    const length = Math.min(steps, this.remaining), losses = new Float32Array(length);
    const objectives = this.particles.map((particle, i) => {
      const sign = i === 0 ? sigma : -sigma;
      for (let k = 0; k < THETA_SIZE; k++) this.perturbed[k] = theta[k]! + sign * this.noise[k]!;
      this.engine.setTheta(this.perturbed);
      const made = particle.run(length, losses);
      if (this.first === 0) this.first = losses[0]!;
      if (made < length) this.alive = false;
      let total = 0;
      for (let k = 0; k < length; k++) total += score(k < made ? losses[k]! : Infinity, this.first);
      return total / length;
    }) as [number, number];
    const difference = Math.max(-MAX_DIFFERENCE, Math.min(MAX_DIFFERENCE, (objectives[0] - objectives[1]) / 2));
    for (let k = 0; k < THETA_SIZE; k++) gradient[k]! += (difference / sigma) * this.noise[k]!;
    this.remaining -= length;
    const diverged = !this.alive;
    if (this.remaining <= 0 || diverged) {
      this.particles.forEach(p => p.dispose());
      this.loaded.dispose();
      this.reset();
    }
    return {objective: (objectives[0] + objectives[1]) / 2, innerSteps: 2 * length, diverged};
  }
}
