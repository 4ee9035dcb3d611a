import * as tf from '@tensorflow/tfjs-core';
import {Random} from '../../src/random.js';

/** Bare variables of given shapes, and as their loss the squared distance to targets that move a little from step to step. */
export class Bowl {
  readonly variables: tf.Variable[];
  private readonly targets: tf.Tensor[];

  /** @param shapes One variable for each. @param names Their names, if TF.js shall not give them. */
  constructor(shapes: ReadonlyArray<readonly number[]>, seed = 1, names: readonly string[] = []) {
    const random = new Random(seed);
    const drawn = (shape: readonly number[]): tf.Tensor => tf.tensor(random.normals(shape.reduce((a, b) => a * b, 1)), [...shape], 'float32');
    this.targets = shapes.map(drawn);
    this.variables = shapes.map((shape, i) => tf.tidy(() => tf.variable(drawn(shape), true, names[i])));
  }

  /** The loss of a step, of all variables or of some. */
  loss(step = 0, variables: readonly tf.Variable[] = this.variables): tf.Scalar {
    return tf.tidy(() => tf.addN(variables.map(v => {
      const target = this.targets[this.variables.indexOf(v)]!;
      return tf.sum(tf.squaredDifference(v, tf.mul(target, 1 + 0.1 * Math.sin(step))));
    })) as tf.Scalar);
  }

  /** The gradient of each variable, which is linear in its distance, times `scale`; the caller disposes them. */
  gradients(step = 0, scale = 1): tf.Tensor[] {
    return this.variables.map((v, i) => tf.tidy(() => tf.mul(2 * scale, tf.sub(v, tf.mul(this.targets[i]!, 1 + 0.1 * Math.sin(step))))));
  }

  /** Copies of the variables' values. */
  values(): Float32Array[] {
    return this.variables.map(v => v.dataSync<'float32'>().slice());
  }

  /** The loss of step 0 as a number. */
  lossValue(): number {
    return tf.tidy(() => this.loss().dataSync()[0]!);
  }

  dispose(): void {
    tf.dispose([...this.variables, ...this.targets]);
  }
}

/** Steps of `minimize` on all variables of a bowl. */
export function minimize(optimizer: tf.Optimizer, bowl: Bowl, from: number, to: number): void {
  for (let step = from; step < to; step++) optimizer.minimize(() => bowl.loss(step), false, bowl.variables);
}

/** One step of `applyGradients`, without a loss. */
export function apply(optimizer: tf.Optimizer, bowl: Bowl, step: number): void {
  const gradients = bowl.gradients(step);
  optimizer.applyGradients(bowl.variables.map(({name}, i) => ({name, tensor: gradients[i]!})));
  tf.dispose(gradients);
}
