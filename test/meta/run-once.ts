/**
 * One metaFit in a process of its own, for tests that kill it: `tsx run-once.ts FOLDER WORKERS`. Prints a line per outer
 * step, and the hash of theta at the end.
 */
import '@tensorflow/tfjs-backend-cpu';
import {metaFit} from '../../src/meta/meta-fit.js';
import {RUN} from './run-options.js';

const [folder, workers] = process.argv.slice(2);
const {theta} = await metaFit({
  ...RUN, tasks: new URL('./families/slopes.ts', import.meta.url), workers: Number(workers), checkpointDir: folder, checkpointEvery: 1,
  onProgress: ({outerStep}) => console.log(`step ${outerStep}`),
});
console.log(`theta ${theta.hash}`);
