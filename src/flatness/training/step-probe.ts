import {dispose, tensor, tidy, variableGrads, type NamedTensorMap, type Scalar, type Tensor, type Variable} from '@tensorflow/tfjs-core';
import type {LossProbe} from '../loss-probe.js';
import {isFiniteVector} from '../vectors.js';

/** Where a step has been already. */
export interface StepCenter {
  readonly loss: number;
  readonly gradients: NamedTensorMap;
}

/**
 * The loss of one training step as a function of some variables. Evaluating it writes to the variables; `restore` must be called
 * after the last evaluation, and puts back the very data they had. At the current values the step's own loss and gradients serve.
 */
export class StepProbe implements LossProbe {
  readonly shapes: ReadonlyArray<readonly number[]>;
  /** Losses at other values that were asked for. */
  numEvaluations = 0;
  /** Those of them with a loss or gradient that was not finite. */
  numNonFinite = 0;
  private readonly origin: Float32Array;
  private readonly originals: Tensor[];

  /**
   * @param f The step's loss.
   * @param pass Runs one evaluation of `f`, and leaves everything beside the variables as it was.
   */
  constructor(
    private readonly f: () => Scalar, private readonly variables: readonly Variable[], private readonly center: StepCenter, private readonly pass: <T>(evaluate: () => T) => T,
  ) {
    this.shapes = variables.map(({shape}) => shape);
    this.origin = flatten(variables, variables.reduce((sum, {size}) => sum + size, 0));
    this.originals = variables.map(variable => variable.clone());
  }

  parameters(): Float32Array {
    return this.origin;
  }

  loss(at: Float32Array): number {
    if (at === this.origin) return this.center.loss;
    return this.evaluate(at, () => ({loss: tidy(() => this.f().dataSync()[0]!)})).loss;
  }

  gradient(at: Float32Array): {readonly loss: number; readonly gradient: Float32Array} {
    if (at === this.origin) return {loss: this.center.loss, gradient: this.flat(this.center.gradients)};
    return this.evaluate(at, () => {
      const {value, grads} = variableGrads(this.f, [...this.variables]);
      const result = {loss: value.dataSync()[0]!, gradient: this.flat(grads)};
      dispose([value, grads]);
      return result;
    });
  }

  /** Gives the variables their values back, bit by bit. */
  restore(): void {
    this.variables.forEach((variable, i) => variable.assign(this.originals[i]!));
    dispose(this.originals);
  }

  private evaluate<T extends {readonly loss: number; readonly gradient?: Float32Array}>(at: Float32Array, run: () => T): T {
    let start = 0;
    for (const variable of this.variables) {
      // No copy: what backends keep of the array is in use during this pass only.
      const value = tensor(at.subarray(start, start += variable.size), variable.shape, 'float32');
      variable.assign(value);
      value.dispose();
    }
    this.numEvaluations++;
    const result = this.pass(run);
    if (!Number.isFinite(result.loss) || (result.gradient !== undefined && !isFiniteVector(result.gradient))) this.numNonFinite++;
    return result;
  }

  private flat(gradients: NamedTensorMap): Float32Array {
    return flatten(this.variables.map(({name}) => gradients[name]!), this.origin.length);
  }
}

function flatten(tensors: readonly Tensor[], size: number): Float32Array {
  const out = new Float32Array(size);
  let start = 0;
  for (const part of tensors) {
    out.set(part.dataSync<'float32'>(), start);
    start += part.size;
  }
  return out;
}
