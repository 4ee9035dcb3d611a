import {Random, type RandomState} from '../random.js';

/** One particle: an inner training run that can be advanced window by window. */
export interface Particle {
  /** Advances by up to `steps` steps under `theta`; returns what the window scored. */
  run(theta: Float32Array, steps: number): ParticleWindow;
  /** All inner state as plain data, for {@link Particle.restore} and checkpoints. */
  snapshot(): unknown;
  /** Goes on from a snapshot of either particle of this task, which may have been taken in another process. */
  restore(snapshot: unknown): void;
  /** Frees what the particle holds. */
  dispose(): void;
}

/** What a particle reports of one window. */
export interface ParticleWindow {
  /** Mean objective over the window; lower is better. Always finite: a diverged run scores the objective's cap. */
  readonly objective: number;
  readonly steps: number;
  readonly diverged: boolean;
}

/** One task with its two particles, which share initial parameters, data and batches. */
export interface ParticlePair {
  readonly name: string;
  /** Inner steps until the task ends. */
  readonly steps: number;
  readonly particles: readonly [Particle, Particle];
  dispose(): void;
}

/** Starts the next task; everything random comes from `random`. */
export type StartPair = (random: Random) => ParticlePair;

/** How evolution strategies turn pairs of rollouts into a meta-gradient. */
export type EstimatorKind = 'es' | 'pes' | 'nres';

/** Settings of an {@link AntitheticEstimator}. */
export interface EstimatorOptions {
  readonly kind: EstimatorKind;
  /** Standard deviation of the perturbations, > 0. */
  readonly sigma: number;
  /** Differences of a pair's objectives are clipped to ± this before they weigh in; `Infinity` leaves them. */
  readonly maxDifference: number;
  /** Use the sign of the difference alone. */
  readonly signOnly: boolean;
  /** Whether the first task ends at a random step, so that pairs do not restart together. */
  readonly stagger: boolean;
}

/** What one pair reports of one window. */
export interface PairWindow {
  readonly task: string;
  /** Mean objective of both particles. */
  readonly objective: number;
  /** Inner steps of both particles. */
  readonly innerSteps: number;
  readonly diverged: boolean;
}

/** All of an estimator's state: plain data, for checkpoints and other workers. */
export interface EstimatorState {
  /** Tasks begun. */
  readonly task: number;
  readonly remaining: number;
  readonly taskRandom: RandomState;
  readonly noise: Float32Array;
  readonly accumulated: Float32Array;
  readonly particles: readonly [unknown, unknown];
}

/**
 * Estimates the gradient of the Gaussian-smoothed objective E[L(theta + sigma e)] from antithetic pairs, window by window:
 *
 *     gradient += (L(+) − L(−)) / (2 sigma²) · xi
 *
 * - `es`: both particles start each window from one state with a fresh perturbation, xi = sigma e. The state is advanced by
 *   theta itself. Cheap in variance, and wrong wherever an early step matters after the window's end.
 * - `pes` (Vicol et al. 2021, arXiv 2112.13835): the particles keep their states, a fresh perturbation each window, xi the sum
 *   of the perturbations since the task began. Unbiased; the variance grows with the number of windows.
 * - `nres` (Li et al. 2023, arXiv 2304.12180; also Vicol 2023's ES-Single): one perturbation for the whole task, xi = sigma e.
 *   Unbiased, with the variance of a single window.
 *
 * With `maxDifference: Infinity` and `signOnly: false` these are the papers' estimators; clipping trades bias for robustness.
 */
export class AntitheticEstimator {
  private task = 0;
  private pair!: ParticlePair;
  private live = false;
  private taskRandom!: Random;
  private remaining = 0;
  private readonly noise: Float32Array;
  private readonly accumulated: Float32Array;
  private readonly perturbed: Float32Array;

  /**
   * @param size Length of theta.
   * @param random Source of tasks and perturbations; the estimator depends on nothing else.
   */
  constructor(private readonly options: EstimatorOptions, size: number, private readonly random: Random, private readonly start: StartPair) {
    this.noise = new Float32Array(size);
    this.accumulated = new Float32Array(size);
    this.perturbed = new Float32Array(size);
    this.begin();
    if (options.stagger) this.remaining = Math.max(1, Math.round(this.remaining * random.fork('stagger').uniform()));
  }

  private begin(): void {
    this.taskRandom = this.random.fork(this.task++);
    this.startPair();
    this.remaining = this.pair.steps;
    this.accumulated.fill(0);
    if (this.options.kind === 'nres') this.perturb();
  }

  private startPair(): void {
    this.live = false;
    this.pair = this.start(this.taskRandom.fork('task'));
    this.live = true;
  }

  private perturb(): void {
    const {noise, accumulated, options: {sigma, kind}, taskRandom} = this;
    for (let k = 0; k < noise.length; k++) {
      noise[k] = sigma * taskRandom.normal();
      accumulated[k] = kind === 'pes' ? accumulated[k]! + noise[k]! : noise[k]!;
    }
  }

  /** Advances the pair by one window of at most `steps` steps and adds its estimate to `gradient`. */
  window(theta: Float32Array, steps: number, gradient: Float32Array): PairWindow {
    const {options: {kind, sigma, maxDifference, signOnly}, perturbed, noise, pair} = this;
    const length = Math.min(steps, this.remaining);
    if (kind !== 'nres') this.perturb();
    const state = kind === 'es' ? pair.particles[0].snapshot() : undefined;
    const [plus, minus] = ([1, -1] as const).map((sign, i) => {
      const particle = pair.particles[i]!;
      if (kind === 'es') particle.restore(state);
      for (let k = 0; k < perturbed.length; k++) perturbed[k] = theta[k]! + sign * noise[k]!;
      return particle.run(perturbed, length);
    }) as [ParticleWindow, ParticleWindow];
    if (kind === 'es') {
      pair.particles[0].restore(state);
      pair.particles[0].run(theta, length);
    }
    const raw = (plus.objective - minus.objective) / 2;
    const difference = signOnly ? Math.sign(raw) : Math.max(-maxDifference, Math.min(maxDifference, raw));
    const weight = difference / (sigma * sigma);
    for (let k = 0; k < gradient.length; k++) gradient[k]! += weight * this.accumulated[k]!;
    this.remaining -= length;
    const diverged = plus.diverged || minus.diverged, task = pair.name;
    if (this.remaining <= 0 || diverged) {
      this.dispose();
      this.begin();
    }
    return {task, objective: (plus.objective + minus.objective) / 2, innerSteps: plus.steps + minus.steps, diverged};
  }

  /** A copy of all state, for {@link AntitheticEstimator.restore}. */
  serialize(): EstimatorState {
    const [plus, minus] = this.pair.particles;
    return {
      task: this.task, remaining: this.remaining, taskRandom: this.taskRandom.state(), noise: this.noise.slice(), accumulated: this.accumulated.slice(),
      particles: [plus.snapshot(), minus.snapshot()],
    };
  }

  /** Goes on, bit for bit, from the state of an estimator with the same options, generator and tasks. */
  restore(state: EstimatorState): void {
    this.dispose();
    this.task = state.task;
    this.taskRandom = Random.from(state.taskRandom);
    this.startPair();
    this.pair.particles.forEach((particle, i) => particle.restore(state.particles[i]));
    this.remaining = state.remaining;
    this.noise.set(state.noise);
    this.accumulated.set(state.accumulated);
  }

  /** Ends the current task. A second call does nothing. */
  dispose(): void {
    if (!this.live) return;
    this.live = false;
    this.pair.dispose();
  }
}
