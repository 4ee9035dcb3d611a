import type {Tensor1D} from '@tensorflow/tfjs-core';
import type {RolloutState} from '../../rollout/rollout.js';
import type {PairWindow} from '../estimator.js';
import {Teacher, type TeacherState} from '../imitation.js';
import {scoreLoss, scoreSlope, stepWeight, tailSteps, type Objective} from '../objective.js';
import {VALIDATION_BATCHES} from '../particle.js';
import {flatnessPoints, type TaskFlatness} from '../window-flatness.js';
import type {DifferentiableRule} from './differentiable-rule.js';
import {pullBack} from './pull-back.js';
import type {LossAt, UnrolledRun, UnrolledStep} from './unrolled-run.js';

/** How a task's run is scored. */
export interface UnrolledTaskOptions {
  readonly name: string;
  /** Steps of the whole run. */
  readonly steps: number;
  readonly rule: DifferentiableRule;
  readonly objective: Objective;
  readonly flatness?: TaskFlatness | undefined;
  /** Learning rate of the teacher, where there is one. */
  readonly teacherLearningRate?: number | undefined;
}

interface UnrolledTaskState {
  readonly run: RolloutState;
  readonly first: number | null;
  readonly teacher: TeacherState | null;
}

/** The objective of one window: its value, and its derivatives with respect to the parameters after 0, 1, … steps. */
class WindowScore {
  value = 0;
  readonly pulls: Array<Float32Array | undefined> = [];

  /** Adds a multiple of a gradient with respect to the parameters after `k` steps. */
  pull(k: number, gradient: Float32Array, factor: number): void {
    const sum = this.pulls[k] ??= new Float32Array(gradient.length);
    for (let i = 0; i < sum.length; i++) sum[i]! += factor * gradient[i]!;
  }
}

/** What one window reports. */
export interface UnrolledWindow extends Omit<PairWindow, 'task' | 'diverged'> {
  readonly diverged: boolean;
}

/** One task's run with its objective: windows of it, and the gradient of each with respect to theta. */
export class UnrolledTask {
  /** The run's first loss, which scores are relative to. */
  private first: number | undefined;
  private readonly teacher: Teacher | undefined;

  /** @param run Belongs to the task from now on. */
  constructor(private readonly run: UnrolledRun, private readonly options: UnrolledTaskOptions) {
    const {teacherLearningRate} = options;
    this.teacher = teacherLearningRate === undefined ? undefined : new Teacher(run.size, teacherLearningRate);
  }

  get name(): string {
    return this.options.name;
  }

  /** Steps of the whole run. */
  get steps(): number {
    return this.options.steps;
  }

  /**
   * Advances by up to `steps` steps.
   * @param imitation Weight of the distance to the teacher's steps.
   * @param into The gradient is added to it, `[theta.size]`; not finite where it overflows.
   */
  window(theta: Tensor1D, steps: number, imitation: number, into: Float64Array): UnrolledWindow {
    const {run, options: {objective, rule, flatness}} = this, before = run.steps, trace: UnrolledStep[] = [], score = new WindowScore();
    const points = flatness === undefined ? [] : flatnessPoints(flatness.flatness, steps), penalties: Array<number | undefined> = [];
    try {
      if (objective.on === 'validation') this.first ??= run.lossOn('validation', VALIDATION_BATCHES).loss;
      while (trace.length < steps) {
        const step = run.step(theta);
        if (step === undefined) break;
        this.first ??= step.lossAt.loss;
        trace.push(step);
        if (imitation > 0) this.imitate(step, trace.length, imitation / steps, score);
        if (points.includes(trace.length)) penalties.push(this.penalize(flatness!, trace.length, points.length, score));
      }
      const diverged = trace.length < steps;
      const share = objective.on === 'both' ? 0.5 : 1;
      if (objective.on !== 'validation') this.scoreTraining(trace, before, steps, share, score);
      if (objective.on !== 'train') this.scoreValidation(before, trace.length, steps, share, score);
      pullBack(rule, theta, trace, score.pulls, before === 0, into);
      const found = penalties.filter(p => p !== undefined), flat = found.length === 0 ? undefined : found.reduce((a, b) => a + b) * points.length / found.length;
      return {objective: score.value, innerSteps: trace.length, diverged, ...(flatness !== undefined && {flatness: flat, flatnessDropped: penalties.length - found.length})};
    } finally {
      run.free(trace);
    }
  }

  snapshot(): unknown {
    return {run: this.run.snapshot(), first: this.first ?? null, teacher: this.teacher?.snapshot() ?? null} satisfies UnrolledTaskState;
  }

  /** Goes on from a snapshot of the same task. @param theta Any theta of the rule. */
  restore(snapshot: unknown, theta: Tensor1D): void {
    const {run, first, teacher} = snapshot as UnrolledTaskState;
    this.run.restore(run, theta);
    this.first = first ?? undefined;
    if (teacher !== null) this.teacher?.restore(teacher);
  }

  dispose(): void {
    this.run.dispose();
  }

  /** Adds the distance of the window's `k`th step to the teacher's. */
  private imitate({seen, state}: UnrolledStep, k: number, weight: number, score: WindowScore): void {
    const change = this.run.changeSince(state), {distance, slope} = this.teacher!.compare(seen, change);
    score.value += weight * distance;
    score.pull(k, slope, weight);
    // Those before a window are constants.
    if (k > 1) score.pull(k - 1, slope, -weight);
  }

  /** Adds the flatness penalty after `k` steps; returns its share, if it has one. */
  private penalize(flatness: TaskFlatness, k: number, numPoints: number, score: WindowScore): number | undefined {
    const found = flatness.gradient(this.run.probe(), this.run.steps);
    if (found === undefined) return undefined;
    const share = found.value / numPoints;
    score.value += share;
    score.pull(k, found.gradient, 1 / numPoints);
    return share;
  }

  /** Adds the scores of the losses after each step. */
  private scoreTraining(trace: readonly UnrolledStep[], before: number, steps: number, share: number, score: WindowScore): void {
    const {objective: {over}, steps: total} = this.options, tail = tailSteps(total), diverged = trace.length < steps;
    // A run that ends early has no last tenth, and must not get away with that.
    if (diverged && over === 'final') {
      this.addScore(undefined, before + trace.length + 1, trace.length, share, score);
      return;
    }
    const counted = over === 'final' ? tail : steps;
    for (let k = 1; k <= steps; k++) {
      if (over === 'final' && before + k <= total - tail) continue;
      const at = k < trace.length ? trace[k]!.lossAt : k === trace.length && !diverged ? this.run.ahead() : undefined;
      this.addScore(at, before + k, k, share * stepWeight(over, before + k - 1, total) / counted, score);
    }
  }

  private scoreValidation(before: number, made: number, steps: number, share: number, score: WindowScore): void {
    const {over} = this.options.objective, diverged = made < steps, done = before + made;
    if (!diverged && over === 'final' && done < this.steps) return;
    const weight = share * stepWeight(over, before + steps / 2, this.steps);
    this.addScore(diverged ? undefined : this.run.lossOn('validation', VALIDATION_BATCHES), diverged ? done + 1 : done, steps, weight, score);
  }

  /** Adds the score of a loss after the window's `k`th step, the worst where there is none. */
  private addScore(at: LossAt | undefined, step: number, k: number, weight: number, score: WindowScore): void {
    // A run whose very first gradient is not finite has no first loss.
    const {kind} = this.options.objective, first = this.first ?? 1;
    score.value += weight * scoreLoss(kind, at?.loss ?? Infinity, first, step);
    if (at !== undefined && Number.isFinite(at.loss)) score.pull(k, at.gradient, weight * scoreSlope(kind, at.loss, first, step));
  }
}
