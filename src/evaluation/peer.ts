import type {Variable} from '@tensorflow/tfjs-core';
import type {Stepper} from '../rollout/steppers.js';

/** What a peer's run is told. */
export interface PeerRun {
  /** Planned steps. */
  readonly horizon: number;
}

/** An optimizer from elsewhere that is compared, untuned, with ours. It runs through the one rollout, on TF.js's variables. */
export interface Peer {
  /** Such as `'celo'`. */
  readonly name: string;
  /** Of its weights and code, so that runs of others are not taken for runs of this one. */
  readonly version: string;
  /** Why it cannot run here, such as weights that are missing; `undefined` where it can. */
  readonly missing: string | undefined;
  /** Makes the steps of one run; `setTheta` does nothing. Only called where nothing is missing. */
  createStepper(variables: readonly Variable[], run: PeerRun): Stepper;
}

/** A module of a peer, which reaches workers by its address. */
export interface PeerModule {
  readonly default: Peer;
}
