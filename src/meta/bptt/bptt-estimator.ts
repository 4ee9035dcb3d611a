import {tensor1d, type Tensor1D} from '@tensorflow/tfjs-core';
import {Random} from '../../random.js';
import type {BpttOptions, Estimator, EstimatorState, HorizonRange, PairWindow, WindowPlan} from '../estimator.js';
import {type UnrolledTask} from './unrolled-task.js';

/** Starts the next task; everything random comes from `random`. @param horizons What its number of steps is drawn from. */
export type StartUnrolled = (random: Random, horizons: HorizonRange) => UnrolledTask;

const NONE = new Float32Array(0);

/**
 * Estimates the gradient of the objective by backpropagation through the rule, window by window, in two phases: roll out, keeping
 * what the rule saw; then go back through the rule's steps alone, from the losses' own gradients with respect to the parameters
 * after each step. The gradients that the rule saw are constants in that, so that no task is differentiated twice (TF.js has no
 * gradients of second order that can be trusted), and what came before the window is, too.
 *
 * Exact for those constants, hence without the variance of evolution strategies; biased by what both ignore.
 *
 * The window's objective is of the losses after each of its steps, the last of them on the batch of the next window's first step.
 *
 * @see Andrychowicz et al. 2016, arXiv 1606.04474, section 2.1, which drops the same second derivatives.
 */
export class BpttEstimator implements Estimator {
  private task = 0;
  private current!: UnrolledTask;
  private live = false;
  private taskRandom!: Random;
  private remaining = 0;

  /**
   * @param size Length of theta.
   * @param random Source of tasks; the estimator depends on nothing else.
   * @param horizons What the horizon of the first task is drawn from.
   */
  constructor(options: BpttOptions, private readonly size: number, private readonly random: Random, private readonly start: StartUnrolled, private horizons: HorizonRange) {
    this.begin(horizons);
    if (options.stagger) this.remaining = Math.max(1, Math.round(this.remaining * random.fork('stagger').uniform()));
  }

  private begin(horizons: HorizonRange): void {
    this.taskRandom = this.random.fork(this.task++);
    this.horizons = horizons;
    this.startTask();
    this.remaining = this.current.steps;
  }

  private startTask(): void {
    this.live = false;
    this.current = this.start(this.taskRandom.fork('task'), this.horizons);
    this.live = true;
  }

  /** Advances the run by one window of at most `steps` steps and adds its gradient to `gradient`. */
  window(theta: Float32Array, {steps, horizons, imitation}: WindowPlan, gradient: Float32Array): PairWindow {
    const {name} = this.current, length = Math.min(steps, this.remaining), sum = new Float64Array(this.size);
    const window = withTensor(theta, tensor => this.current.window(tensor, length, imitation, sum));
    // A gradient that overflowed says nothing; what is left of the run would not either.
    const finite = sum.every(g => Number.isFinite(Math.fround(g))), diverged = window.diverged || !finite;
    if (finite) sum.forEach((g, i) => (gradient[i]! += g));
    this.remaining -= length;
    if (this.remaining <= 0 || diverged) {
      this.dispose();
      this.begin(horizons);
    }
    return {...window, task: name, diverged};
  }

  serialize(): EstimatorState {
    return {
      task: this.task, horizons: this.horizons, remaining: this.remaining, taskRandom: this.taskRandom.state(), noise: NONE, accumulated: NONE,
      particles: [this.current.snapshot()],
    };
  }

  restore(state: EstimatorState): void {
    this.dispose();
    this.task = state.task;
    this.horizons = state.horizons;
    this.taskRandom = Random.from(state.taskRandom);
    this.startTask();
    withTensor(new Float32Array(this.size), tensor => this.current.restore(state.particles[0], tensor));
    this.remaining = state.remaining;
  }

  dispose(): void {
    if (!this.live) return;
    this.live = false;
    this.current.dispose();
  }
}

function withTensor<T>(theta: Float32Array, run: (tensor: Tensor1D) => T): T {
  const tensor = tensor1d(theta.slice());
  try {
    return run(tensor);
  } finally {
    tensor.dispose();
  }
}
