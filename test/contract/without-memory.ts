/** Trains where WebAssembly memories cannot be had, in a process of its own, and prints what was said and done as JSON. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import {learnedOptimizer} from '../../src/index.js';
import {Bowl, minimize} from './bowl.js';

const {Memory} = WebAssembly, [refused] = process.argv.slice(2);
WebAssembly.Memory = class extends Memory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    if (refused === 'all' || descriptor.shared === true) throw new RangeError('WebAssembly.Memory(): could not allocate memory');
    super(descriptor);
  }
};
await tf.setBackend('cpu');
const notices: string[] = [], bowl = new Bowl([[4, 3], [5]]), optimizer = learnedOptimizer({numThreads: 2, onNotice: notice => void notices.push(notice)});
minimize(optimizer, bowl, 0, 5);
console.log(JSON.stringify({notices, values: bowl.values().map(v => [...v])}));
