/**
 * What one optimizer step costs in Chromium, ours against `tf.train.adam`, paired in one run as `bench/step.ts` does it. Prints one
 * JSON object. WebGL and WebGPU run on SwiftShader, which computes on the processor: the figures of a GPU are others.
 *
 *     npm run -s bench:browser-step [-- --backend webgl] [--seconds 2]
 */
import {parseArgs} from 'node:util';
import type {StepCost} from '../test/browser/page/measure.js';
import {TestBrowser, type Setting} from '../test/support/browser.js';

/** Parameters in all, and the number of variables that they are spread over. */
const SIZES = [[10_000, 1], [100_000, 1], [10_000, 50], [100_000, 50]] as const;
const PLACES: Readonly<Record<string, {backend: string; setting: Setting}>> = {
  webgl: {backend: 'webgl', setting: 'plain'},
  webgpu: {backend: 'webgpu', setting: 'plain'},
  wasm: {backend: 'wasm', setting: 'plain'},
  'wasm-threads': {backend: 'wasm', setting: 'isolated'},
};

const {values} = parseArgs({options: {backend: {type: 'string', multiple: true}, seconds: {type: 'string', default: '2'}}});
const rows: Array<StepCost & {backend: string}> = [];
const browser = await TestBrowser.start();
try {
  for (const name of values.backend ?? Object.keys(PLACES)) {
    const place = PLACES[name];
    if (place === undefined) throw new Error(`--backend: expected one of ${Object.keys(PLACES).join(', ')}, got '${name}'.`);
    const page = await browser.open(place.setting);
    await page.run('use', place.backend);
    for (const [numParams, numVariables] of SIZES) rows.push({backend: name, ...await page.run('measureSteps', numParams, numVariables, Number(values.seconds))});
    if (page.errors.length > 0) throw new Error(`${name}: ${page.errors.join('\n')}`);
    await page.close();
  }
  console.log(JSON.stringify({browser: browser.version, device: 'SwiftShader', rows}, null, 1));
} finally {
  await browser.close();
}
