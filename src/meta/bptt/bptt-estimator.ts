import {tensor1d, type Tensor1D} from '@tensorflow/tfjs-core';
import type {Random} from '../../random.js';
import type {BpttOptions, Estimator, EstimatorState, HorizonRange, PairWindow, WindowPlan} from '../estimator.js';
import {TaskSequence, type StartTask} from '../task-sequence.js';
import type {UnrolledTask} from './unrolled-task.js';

/** Starts the next task. */
export type StartUnrolled = StartTask<UnrolledTask>;

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
  private readonly tasks: TaskSequence<UnrolledTask>;

  /**
   * @param size Length of theta.
   * @param random Source of tasks; the estimator depends on nothing else.
   * @param horizons What the horizon of the first task is drawn from.
   */
  constructor(options: BpttOptions, private readonly size: number, random: Random, start: StartUnrolled, horizons: HorizonRange) {
    this.tasks = new TaskSequence(random, start, horizons, options.stagger);
  }

  /** Advances the run by one window of at most `steps` steps and adds its gradient to `gradient`. */
  window(theta: Float32Array, {steps, horizons, imitation}: WindowPlan, gradient: Float32Array): PairWindow {
    const {current} = this.tasks, length = this.tasks.windowSteps(steps), sum = new Float64Array(this.size);
    const window = withTensor(theta, tensor => current.window(tensor, length, imitation, sum));
    // A gradient that overflowed says nothing; what is left of the run would not either.
    const finite = sum.every(g => Number.isFinite(Math.fround(g))), diverged = window.diverged || !finite;
    if (finite) sum.forEach((g, i) => (gradient[i]! += g));
    this.tasks.advance(length, diverged, horizons);
    return {...window, task: current.name, diverged: Number(diverged)};
  }

  serialize(): EstimatorState {
    return {...this.tasks.state(), noise: NONE, accumulated: NONE, particles: [this.tasks.current.snapshot()]};
  }

  restore(state: EstimatorState): void {
    this.tasks.restore(state);
    withTensor(new Float32Array(this.size), tensor => this.tasks.current.restore(state.particles[0], tensor));
  }

  dispose(): void {
    this.tasks.dispose();
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
