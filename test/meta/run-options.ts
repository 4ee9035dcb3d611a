import type {MetaFitOptions} from '../../src/meta/meta-fit-options.js';

/** A run of seconds, in which tasks end and begin, and theta is judged several times. */
export const RUN = {
  numOuterSteps: 12, numPairs: 3, windowSteps: 5, horizons: [8, 20], validateEvery: 4, numHeldOut: 3, seed: 5, learningRate: 3e-3,
} as const satisfies Partial<MetaFitOptions>;
