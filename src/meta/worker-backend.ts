import {env, setBackend} from '@tensorflow/tfjs-core';
import {prepareGradients} from './family-module.js';

/** Makes the cpu backend this thread's, until a family's module chooses another. */
export async function prepareWorkerBackend(): Promise<void> {
  // The advice that TF.js would print in each worker is about choosing another backend.
  env().set('PROD', true);
  await import('@tensorflow/tfjs-backend-cpu');
  await setBackend('cpu');
  await prepareGradients();
}
