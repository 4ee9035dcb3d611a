import * as tf from '@tensorflow/tfjs-core';
import {makeContender, settle, type Contender} from './contenders.js';

/** What an optimizer costs until its first step is made, in milliseconds. */
export interface StartCost {
  readonly constructionMs: number;
  readonly firstStepMs: number;
}

const NUM_PARAMS = 10_000;

/** Measures one optimizer in a process or page that has not made one yet, on the current backend. */
export async function measureStart(name: Contender): Promise<StartCost> {
  const variable = tf.tidy(() => tf.variable(tf.fill([NUM_PARAMS], 0.1))), gradient = tf.fill([NUM_PARAMS], 0.01);
  // The backend's own first steps are not the optimizer's.
  await settle(variable);
  const start = performance.now(), optimizer = makeContender(name), made = performance.now();
  optimizer.applyGradients([{name: variable.name, tensor: gradient}]);
  await settle(variable);
  const end = performance.now();
  optimizer.dispose();
  tf.dispose([variable, gradient]);
  return {constructionMs: made - start, firstStepMs: end - made};
}
