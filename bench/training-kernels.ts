/**
 * One training step of a small conv net: TF.js's cpu backend against its wasm backend with our training kernels, in turn
 * in one run. Prints one JSON object.
 *
 *     npm run -s bench:training-kernels
 */
import {measureTrainingKernels} from './measures/training-kernels.js';

console.log(JSON.stringify(await measureTrainingKernels(3), null, 1));
