import type {Random} from '../random.js';
import type {AntitheticOptions, Estimator, EstimatorState, HorizonRange, PairWindow, WindowPlan} from './estimator.js';
import {TaskSequence, type SequencedTask, type StartTask} from './task-sequence.js';

/** One particle: an inner training run that can be advanced window by window. */
export interface Particle {
  /**
   * Advances by up to `steps` steps under `theta`; returns what the window scored.
   * @param imitation Weight of the distance to the teacher's steps. Default 0.
   */
  run(theta: Float32Array, steps: number, imitation?: number): ParticleWindow;
  /** All inner state as plain data, for {@link Particle.restore} and checkpoints. */
  snapshot(): unknown;
  /** Goes on from a snapshot of either particle of this task, which may have been taken in another process. */
  restore(snapshot: unknown): void;
  /** Frees what the particle holds. */
  dispose(): void;
}

/** What a particle reports of one window. */
export interface ParticleWindow {
  /** Mean objective over the window, without the flatness penalty; lower is better. Always finite: a diverged run scores the objective's cap. */
  readonly objective: number;
  /** Steps made: fewer than asked for where it diverged. */
  readonly steps: number;
  readonly diverged: boolean;
  /** Flatness penalties at the window's points, in order, as far as the run came; not finite where there is none. */
  readonly flatness?: readonly number[];
}

/** One task with its two particles, which share initial parameters, data and batches. */
export interface ParticlePair extends SequencedTask {
  readonly name: string;
  readonly particles: readonly [Particle, Particle];
}

/** Starts the pair of the next task. */
export type StartPair = StartTask<ParticlePair>;

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
export class AntitheticEstimator implements Estimator {
  private readonly tasks: TaskSequence<ParticlePair>;
  private readonly noise: Float32Array;
  private readonly accumulated: Float32Array;
  private readonly perturbed: Float32Array;

  /**
   * @param size Length of theta.
   * @param random Source of tasks and perturbations; the estimator depends on nothing else.
   * @param horizons What the horizon of the first task is drawn from.
   */
  constructor(private readonly options: AntitheticOptions, size: number, random: Random, start: StartPair, horizons: HorizonRange) {
    this.noise = new Float32Array(size);
    this.accumulated = new Float32Array(size);
    this.perturbed = new Float32Array(size);
    this.tasks = new TaskSequence(random, start, horizons, options.stagger);
    this.begin();
  }

  /** Forgets the perturbations of the last task. */
  private begin(): void {
    this.accumulated.fill(0);
    if (this.options.kind === 'nres') this.perturb();
  }

  private perturb(): void {
    const {noise, accumulated, options: {sigma, kind}, tasks: {taskRandom}} = this;
    for (let k = 0; k < noise.length; k++) {
      noise[k] = sigma * taskRandom.normal();
      accumulated[k] = kind === 'pes' ? accumulated[k]! + noise[k]! : noise[k]!;
    }
  }

  /** Advances the pair by one window and adds its estimate to `gradient`. */
  window(theta: Float32Array, {steps, horizons, imitation}: WindowPlan, gradient: Float32Array): PairWindow {
    const {options: {kind, sigma, maxDifference, signOnly}, perturbed, noise, tasks} = this;
    const pair = tasks.current, length = tasks.windowSteps(steps);
    if (kind !== 'nres') this.perturb();
    const state = kind === 'es' ? pair.particles[0].snapshot() : undefined;
    const [plus, minus] = ([1, -1] as const).map((sign, i) => {
      const particle = pair.particles[i]!;
      if (kind === 'es') particle.restore(state);
      for (let k = 0; k < perturbed.length; k++) perturbed[k] = theta[k]! + sign * noise[k]!;
      return particle.run(perturbed, length, imitation);
    }) as [ParticleWindow, ParticleWindow];
    const runs = [plus, minus];
    if (kind === 'es') {
      pair.particles[0].restore(state);
      runs.push(pair.particles[0].run(theta, length, imitation));
    }
    const flatness = pairFlatness(plus, minus), raw = (plus.objective - minus.objective) / 2 + flatness.difference;
    const difference = signOnly ? Math.sign(raw) : Math.max(-maxDifference, Math.min(maxDifference, raw));
    const weight = difference / (sigma * sigma);
    for (let k = 0; k < gradient.length; k++) gradient[k]! += weight * this.accumulated[k]!;
    const diverged = runs.filter(run => run.diverged).length;
    if (tasks.advance(length, diverged > 0, horizons)) this.begin();
    return {
      task: pair.name, objective: (plus.objective + minus.objective) / 2 + flatness.mean, innerSteps: runs.reduce((sum, run) => sum + run.steps, 0), diverged,
      ...(plus.flatness !== undefined && {flatness: flatness.counted, flatnessDropped: flatness.dropped}),
    };
  }

  /** A copy of all state, for {@link AntitheticEstimator.restore}. */
  serialize(): EstimatorState {
    const [plus, minus] = this.tasks.current.particles;
    return {...this.tasks.state(), noise: this.noise.slice(), accumulated: this.accumulated.slice(), particles: [plus.snapshot(), minus.snapshot()]};
  }

  /** Goes on, bit for bit, from the state of an estimator with the same options, generator and tasks. */
  restore(state: EstimatorState): void {
    this.tasks.restore(state);
    this.tasks.current.particles.forEach((particle, i) => particle.restore(state.particles[i]));
    this.noise.set(state.noise);
    this.accumulated.set(state.accumulated);
  }

  /** Ends the current task. A second call does nothing. */
  dispose(): void {
    this.tasks.dispose();
  }
}

interface PairFlatness {
  /** What joins the objective, and its half difference: points without a penalty add nothing. */
  readonly mean: number;
  readonly difference: number;
  /** Mean over the points that have one, if any has. */
  readonly counted: number | undefined;
  readonly dropped: number;
}

/** The penalties of both particles at the points where both have one; where either has none, it counts for neither. */
function pairFlatness(plus: ParticleWindow, minus: ParticleWindow): PairFlatness {
  const ours = plus.flatness ?? [], theirs = minus.flatness ?? [], points = Math.max(ours.length, theirs.length);
  let sum = 0, difference = 0, dropped = 0, counted = 0;
  for (let i = 0; i < Math.min(ours.length, theirs.length); i++) {
    const a = ours[i]!, b = theirs[i]!;
    if (Number.isFinite(a) && Number.isFinite(b)) {
      counted++;
      sum += (a + b) / 2;
      difference += (a - b) / 2;
    } else {
      dropped++;
    }
  }
  return {mean: points === 0 ? 0 : sum / points, difference: points === 0 ? 0 : difference / points, counted: counted === 0 ? undefined : sum / counted, dropped};
}
