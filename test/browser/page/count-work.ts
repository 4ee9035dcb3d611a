import * as tf from '@tensorflow/tfjs-core';
import {learnedOptimizer} from '../../../src/index.js';
import {Bowl, minimize} from '../../contract/bowl.js';

/** Methods of TF.js's GPU backends. */
const READS = ['read', 'readSync'], PROGRAMS = ['runWebGLProgram', 'runWebGPUProgram'];

/** What a GPU backend does in a step of so many variables, once slots are made: programs of `applyGradients`, and reads of it and of `minimize`. */
export function countWork(numVariables: number): {programs: number; reads: number} {
  const bowl = new Bowl(Array.from({length: numVariables}, () => [6, 5])), optimizer = learnedOptimizer(), counts = {programs: 0, reads: 0};
  const backend = tf.backend() as unknown as Record<string, ((...given: unknown[]) => unknown) | undefined>, own: string[] = [];
  const counting = (methods: readonly string[], count: () => void): void => {
    for (const name of methods) {
      const method = backend[name];
      if (method === undefined) continue;
      own.push(name);
      backend[name] = (...given) => {
        count();
        return method.apply(backend, given);
      };
    }
  };
  const gradients = Object.fromEntries(bowl.variables.map(v => [v.name, tf.onesLike(v)])), few = new Bowl([[6, 5], [3]]), other = learnedOptimizer();
  try {
    // A loss of all variables would be too much for TF.js's addN on webgpu.
    minimize(other, few, 0, 2);
    for (let step = 0; step < 2; step++) optimizer.applyGradients(gradients);
    counting(READS, () => counts.reads++);
    counting(PROGRAMS, () => counts.programs++);
    optimizer.applyGradients(gradients);
    const {programs} = counts;
    minimize(other, few, 2, 4);
    counts.programs = programs;
  } finally {
    // What was found on the prototype is found there again.
    for (const name of own) Reflect.deleteProperty(backend, name);
  }
  tf.dispose(gradients);
  for (const thing of [optimizer, other, bowl, few]) thing.dispose();
  return counts;
}
