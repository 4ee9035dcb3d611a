/**
 * How far the step kernel is from what the machine can do: arithmetic peak, memory bandwidth and a fused Adam loop, all in one
 * wasm module with the kernel, in turn in one run. Prints one JSON object.
 *
 *     npm run -s bench:roofline
 *
 * Needs clang-19.
 */
import {measureRoofline} from './measures/roofline.js';

console.log(JSON.stringify({node: process.version, ...await measureRoofline(2)}, null, 1));
