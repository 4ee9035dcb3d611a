import {tensor, type NamedTensorMap, type Scalar, type Variable} from '@tensorflow/tfjs-core';
import {L2OError} from '../../../src/errors.js';
import type {Stepper} from '../../../src/rollout/steppers.js';
import {CeloSchedule} from './schedule.js';
import {CeloKernel} from './step-kernel.js';
import {CeloTensor} from './tensor-update.js';
import type {CeloTheta} from './theta.js';

/**
 * Celo as a stepper of rollouts: the published rule, on the host, tensors by a compiled kernel and the schedule in plain numbers.
 *
 * Differs from the authors' code: variables without elements are left alone.
 *
 * @see A. Moudgil et al. 2025, "Celo: Training versatile learned optimizers on a compute diet", arXiv 2501.12670.
 */
export class CeloStepper implements Stepper {
  private readonly parts: ReadonlyArray<{readonly variable: Variable; readonly tensor: CeloTensor}>;
  private readonly schedule: CeloSchedule;
  private time = 0;

  /**
   * @param horizon Planned number of steps, ≥ 1: Celo cannot do without.
   * @throws L2OError 'INVALID_ARGUMENT'.
   */
  constructor(variables: readonly Variable[], theta: CeloTheta, horizon: number) {
    if (!(horizon >= 1)) {
      throw new L2OError('INVALID_ARGUMENT', `Celo: expected a horizon ≥ 1, got ${horizon}. Its schedule is a function of the share of steps made.`);
    }
    this.schedule = new CeloSchedule(theta, horizon);
    const kernel = new CeloKernel(theta);
    this.parts = variables.filter(({size}) => size > 0).map(variable => ({variable, tensor: new CeloTensor(kernel, variable.shape, variable.size)}));
  }

  /** Celo's weights came with the constructor. */
  setTheta(): void {
    // Nothing to set.
  }

  step(gradients: NamedTensorMap, _loss: Scalar, lossValue: number): boolean {
    const multiplier = this.schedule.next(lossValue, this.time++);
    for (const {variable, tensor: update} of this.parts) {
      const parameter = variable.dataSync<'float32'>().slice();
      update.step(parameter, gradients[variable.name]!.dataSync<'float32'>(), multiplier);
      const value = tensor(parameter, variable.shape, 'float32');
      variable.assign(value);
      value.dispose();
    }
    return true;
  }

  snapshot(): Float32Array[] {
    return [this.schedule.snapshot(), ...this.parts.flatMap(({tensor: {state}}) => state.map(piece => piece.slice()))];
  }

  restore([schedule, ...pieces]: readonly Float32Array[], step: number): void {
    this.schedule.restore(schedule!);
    this.parts.flatMap(({tensor: {state}}) => state).forEach((piece, i) => piece.set(pieces[i]!));
    this.time = step;
  }

  dispose(): void {
    // All on the host.
  }
}
