/**
 * What one optimizer step costs in Chromium, ours against `tf.train.adam`, paired in one run as `bench/step.ts` does it. Prints one
 * JSON object. WebGL and WebGPU run on SwiftShader, which computes on the processor: the figures of a GPU are others.
 *
 *     npm run -s bench:browser-step [-- --backend webgl] [--seconds 2]
 */
import {parseArgs} from 'node:util';
import {namesGiven, numberGiven} from './support/args.js';
import {DEVICE, forEachPage, PAGE_NAMES} from './support/chromium.js';

/** Parameters in all, and the number of variables that they are spread over. */
const SIZES = [[10_000, 1], [100_000, 1], [10_000, 50], [100_000, 50]] as const;

const {values} = parseArgs({options: {backend: {type: 'string', multiple: true}, seconds: {type: 'string', default: '2'}}});
const effort = {seconds: numberGiven('seconds', values.seconds), minRounds: 5, warmUpRounds: 2}, rows: object[] = [];
const browser = await forEachPage(namesGiven('backend', values.backend, PAGE_NAMES), async (backend, page) => {
  for (const [numParams, numVariables] of SIZES) rows.push({backend, ...await page.run('measureStep', {numParams, numVariables}, effort)});
});
console.log(JSON.stringify({browser, device: DEVICE, rows}, null, 1));
