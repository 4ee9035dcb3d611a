/** Prints the bits of a few variables after some steps by the wasm kernel, for relaxed-simd.test.ts. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {learnedOptimizer} from '../../src/index.js';
import {Bowl, minimize} from '../contract/bowl.js';
import {useBackend} from '../support/backends.js';

await useBackend('cpu');
const bowl = new Bowl([[20, 30], [17]]), optimizer = learnedOptimizer({numSteps: 40});
minimize(optimizer, bowl, 0, 30);
console.log(`bits ${bowl.values().map(values => Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex')).join('')}`);
tf.dispose(bowl.variables);
