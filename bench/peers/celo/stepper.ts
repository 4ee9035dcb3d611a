import {tensor, type NamedTensorMap, type Scalar, type Variable} from '@tensorflow/tfjs-core';
import {L2OError} from '../../../src/errors.js';
import type {Stepper} from '../../../src/rollout/steppers.js';
import {CeloSchedule} from './schedule.js';
import {CeloTensor} from './tensor-update.js';
import type {CeloTheta} from './theta.js';

/**
 * Celo as a stepper of rollouts: the published rule, on the host in plain numbers.
 *
 * Differs from the authors' code: variables without elements are left alone.
 *
 * @see A. Moudgil et al. 2025, "Celo: Training versatile learned optimizers on a compute diet", arXiv 2501.12670.
 */
export class CeloStepper implements Stepper {
  private readonly tensors: CeloTensor[];
  private readonly schedule: CeloSchedule;
  private time = 0;

  /**
   * @param horizon Planned number of steps, ≥ 1: Celo cannot do without.
   * @throws L2OError 'INVALID_ARGUMENT'.
   */
  constructor(private readonly variables: readonly Variable[], theta: CeloTheta, horizon: number) {
    if (!(horizon >= 1)) {
      throw new L2OError('INVALID_ARGUMENT', `Celo: expected a horizon ≥ 1, got ${horizon}. Its schedule is a function of the share of steps made.`);
    }
    this.schedule = new CeloSchedule(theta, horizon);
    this.tensors = variables.map(v => new CeloTensor(theta, v.shape, v.size));
  }

  /** Celo's weights came with the constructor. */
  setTheta(): void {
    // Nothing to set.
  }

  step(gradients: NamedTensorMap, _loss: Scalar, lossValue: number): boolean {
    const multiplier = this.schedule.next(lossValue, this.time++);
    this.variables.forEach((v, i) => {
      if (v.size === 0) return;
      const parameter = v.dataSync<'float32'>().slice();
      this.tensors[i]!.step(parameter, gradients[v.name]!.dataSync<'float32'>(), multiplier);
      const value = tensor(parameter, v.shape, 'float32');
      v.assign(value);
      value.dispose();
    });
    return true;
  }

  snapshot(): Float32Array[] {
    return [this.schedule.snapshot(), ...this.tensors.flatMap(t => t.state.map(piece => piece.slice()))];
  }

  restore([schedule, ...pieces]: readonly Float32Array[], step: number): void {
    this.schedule.restore(schedule!);
    this.tensors.flatMap(t => t.state).forEach((piece, i) => piece.set(pieces[i]!));
    this.time = step;
  }

  dispose(): void {
    // All on the host.
  }
}
