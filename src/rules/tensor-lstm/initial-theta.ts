import type {Random} from '../../random.js';
import {CONSTANTS, NUM_HIDDEN, NUM_INPUTS, NUM_PARAMETER_INPUTS, THETA_SIZE, thetaEntry} from './spec.js';

/** Settings of {@link initialTheta}. */
export interface InitialThetaOptions {
  /** Step before any training, relative to the tensor's RMS. Default 1e-3, Adam's own rate. */
  readonly step?: number;
  /** Strength of the divergence guard, ≥ 0. Default 0: off. */
  readonly guard?: number;
  /** Exponents ≥ 0 of the schedules of runs with a planned end and of those without. Default 0: steps do not fall with time. */
  readonly cooldown?: number;
  readonly decay?: number;
}

/**
 * An untrained theta. The networks' last layers are zero, so the rule steps in Adam's direction until it is trained;
 * the earlier layers are random, so that training can start. With the defaults, and parameter scaling off, the rule is
 * `tf.train.adam(1e-3)`.
 */
export function initialTheta(random: Random, {step = 1e-3, guard = 0, cooldown = 0, decay = 0}: InitialThetaOptions = {}): Float32Array {
  const theta = new Float32Array(THETA_SIZE);
  const fill = (name: string, fanIn: number): void => {
    const {offset, size} = thetaEntry(name);
    theta.set(random.normals(size, 1 / Math.sqrt(fanIn)), offset);
  };
  fill('gateKernel', NUM_INPUTS + NUM_HIDDEN);
  fill('hiddenKernel', NUM_PARAMETER_INPUTS);
  theta[thetaEntry('outputBias').offset] = (Math.log(step) - CONSTANTS.LOG_STEP_START) / CONSTANTS.LOG_STEP_GAIN;
  theta[thetaEntry('guard').offset] = guard;
  theta[thetaEntry('cooldown').offset] = cooldown;
  theta[thetaEntry('decay').offset] = decay;
  return theta;
}
