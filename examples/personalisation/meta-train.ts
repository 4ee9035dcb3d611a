/** The meta-training of the example: everything is metaFit's. */
import {metaFit, type MetaFitOptions, type MetaFitResult} from '../../src/index.js';

/** Steps that each user's classifier is trained for. */
export const HORIZON = 200;

/** Meta-trains on the meta-training users, from the theta that ships with the package. */
export async function metaTrain(options: Pick<MetaFitOptions, 'numOuterSteps' | 'workers' | 'signal' | 'onProgress'>): Promise<MetaFitResult> {
  return metaFit({
    ...options, tasks: new URL('./family.ts', import.meta.url), seed: 1,
    // What counts is the loss on images that the classifier is not trained on.
    objective: {on: 'validation'},
    // All classifiers are trained for as many steps, and the optimizer may know.
    horizons: [HORIZON, HORIZON], hideHorizon: 0, hideLoss: 0,
    windowSteps: 40, numPairs: 16, learningRate: 3e-3, numHeldOut: 64, validateEvery: 100,
  });
}
