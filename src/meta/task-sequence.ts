import {Random} from '../random.js';
import type {EstimatorState, HorizonRange} from './estimator.js';

/** A task that an estimator works on. */
export interface SequencedTask {
  /** Inner steps until it ends. */
  readonly steps: number;
  dispose(): void;
}

/** Starts the next task; everything random comes from `random`. @param horizons What its number of steps is drawn from. */
export type StartTask<T extends SequencedTask> = (random: Random, horizons: HorizonRange) => T;

/** What of an estimator's state says where it is in its tasks. */
export type SequenceState = Pick<EstimatorState, 'task' | 'horizons' | 'remaining' | 'taskRandom'>;

/** One task after another, each with a generator of its own, gone through window by window: what all estimators stand on. */
export class TaskSequence<T extends SequencedTask> {
  private task = 0;
  private live = false;
  private remaining: number;
  /** The current task. */
  current!: T;
  /** All that is random about the current task, once it has begun. */
  taskRandom!: Random;

  /**
   * @param random Source of the tasks; they depend on nothing else.
   * @param horizons What the horizon of the first task is drawn from.
   * @param stagger Whether the first task ends at a random step.
   */
  constructor(private readonly random: Random, private readonly start: StartTask<T>, private horizons: HorizonRange, stagger: boolean) {
    this.remaining = this.begin(horizons);
    if (stagger) this.remaining = Math.max(1, Math.round(this.remaining * random.fork('stagger').uniform()));
  }

  private begin(horizons: HorizonRange): number {
    this.taskRandom = this.random.fork(this.task++);
    this.horizons = horizons;
    this.startTask();
    return this.current.steps;
  }

  private startTask(): void {
    this.live = false;
    this.current = this.start(this.taskRandom.fork('task'), this.horizons);
    this.live = true;
  }

  /** Steps of a window of at most `most`: no more than the task has left. */
  windowSteps(most: number): number {
    return Math.min(most, this.remaining);
  }

  /**
   * Counts the steps of a window. At the end of the task, or where it diverged, the next one begins.
   * @param horizons What the horizon of the next task is drawn from.
   * @returns Whether it has begun.
   */
  advance(steps: number, diverged: boolean, horizons: HorizonRange): boolean {
    this.remaining -= steps;
    if (this.remaining > 0 && !diverged) return false;
    this.dispose();
    this.remaining = this.begin(horizons);
    return true;
  }

  /** Where it is, for {@link TaskSequence.restore}. */
  state(): SequenceState {
    return {task: this.task, horizons: this.horizons, remaining: this.remaining, taskRandom: this.taskRandom.state()};
  }

  /** Starts the task of a state anew; what has been done on it is for the caller to restore. */
  restore({task, horizons, remaining, taskRandom}: SequenceState): void {
    this.dispose();
    this.task = task;
    this.horizons = horizons;
    this.taskRandom = Random.from(taskRandom);
    this.startTask();
    this.remaining = remaining;
  }

  /** Ends the current task. A second call does nothing. */
  dispose(): void {
    if (!this.live) return;
    this.live = false;
    this.current.dispose();
  }
}
