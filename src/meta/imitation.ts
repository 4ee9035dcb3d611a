/** Imitation of a teacher, Adam, while meta-training. */
export interface Imitation {
  /** Factor on the distance at the first outer step, > 0; from there it falls linearly to 0. */
  readonly weight: number;
  /** Share of the outer steps over which it falls, above 0, at most 1. */
  readonly over: number;
  /** Adam's learning rate, > 0. */
  readonly teacherLearningRate: number;
}

/** Weight of the imitation after a share `progress` (0 to 1) of the outer steps. */
export function imitationWeight(imitation: Imitation | undefined, progress: number): number {
  return imitation === undefined ? 0 : imitation.weight * Math.max(0, 1 - progress / imitation.over);
}

/** A teacher's state: plain data. */
export interface TeacherState {
  readonly moment: Float32Array;
  readonly variance: Float32Array;
  readonly step: number;
}

/** How far one step was from the teacher's. */
export interface Imitated {
  /** ‖d − a‖² / ‖a‖² of the step d and the teacher's step a on the same gradients, at most 1e6; 0 where the teacher stands still. */
  readonly distance: number;
  /** Its gradient with respect to d; valid until the teacher's next step. */
  readonly slope: Float32Array;
}

/** Whatever is farther, or not finite, counts as this: one run that goes astray must not outweigh all others. */
const FARTHEST = 1e6;
const BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-7;

/**
 * Adam, as `tf.train.adam` steps, on the gradients that a rule sees: what the rule's steps are compared with.
 *
 * The distance is relative, so that its weight means the same for tasks of any size: 0 is Adam's very step, 1 is no step.
 *
 * @see Chen et al. 2020, "Training Stronger Baselines for Learning to Optimize", arXiv 2010.09089, section 3.3. Differs from
 *   it: the paper trains on trajectories of Adam with a probability that rises, by the squared distance of the steps and with
 *   an outer optimizer of its own; here the distance joins the objective of the rule's own trajectory, with a weight that falls.
 */
export class Teacher {
  private moment: Float32Array;
  private variance: Float32Array;
  private step = 0;
  private readonly slope: Float32Array;

  /** @param size Number of parameters. */
  constructor(size: number, private readonly learningRate: number) {
    this.moment = new Float32Array(size);
    this.variance = new Float32Array(size);
    this.slope = new Float32Array(size);
  }

  /** Takes a gradient in, and compares the step that the rule made on it, parameters after minus before, with Adam's. */
  compare(gradient: Float32Array, step: Float32Array): Imitated {
    const {moment, variance, slope, learningRate} = this;
    this.step++;
    const correction1 = 1 - BETA1 ** this.step, correction2 = 1 - BETA2 ** this.step;
    let distance = 0, size = 0;
    for (let i = 0; i < slope.length; i++) {
      const g = gradient[i]!, m = moment[i] = BETA1 * moment[i]! + (1 - BETA1) * g, v = variance[i] = BETA2 * variance[i]! + (1 - BETA2) * g * g;
      const own = -learningRate * (m / correction1) / (Math.sqrt(v / correction2) + EPSILON), difference = step[i]! - own;
      distance += difference * difference;
      size += own * own;
      slope[i] = 2 * difference;
    }
    const scale = size > 0 ? 1 / size : 0;
    for (let i = 0; i < slope.length; i++) slope[i]! *= scale;
    return {distance: distance * scale < FARTHEST ? distance * scale : FARTHEST, slope};
  }

  /** A copy of its state. */
  snapshot(): TeacherState {
    return {moment: this.moment.slice(), variance: this.variance.slice(), step: this.step};
  }

  restore({moment, variance, step}: TeacherState): void {
    this.moment = moment.slice();
    this.variance = variance.slice();
    this.step = step;
  }
}
