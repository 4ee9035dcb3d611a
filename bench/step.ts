/**
 * What one optimizer step costs, ours against `tf.train.adam`, paired in one run: the two take turns on the same
 * gradients, and the ratio is that of their medians. Prints one JSON object.
 *
 *     npm run -s bench:step [-- --backend wasm] [--seconds 1]
 */
import {parseArgs} from 'node:util';
import {measureStep} from './measures/step-cost.js';
import {namesGiven, numberGiven} from './support/args.js';
import {forEachBackend, NODE_BACKENDS} from './support/backends.js';
import {print} from './support/print.js';

/** Parameters in all, and the number of variables that they are spread over. */
const SIZES = [[100_000, 1], [1_000_000, 1], [100_000, 50]] as const;

const {values} = parseArgs({options: {backend: {type: 'string', multiple: true}, seconds: {type: 'string', default: '2.5'}}});
const effort = {seconds: numberGiven('seconds', values.seconds), minRounds: 5, warmUpRounds: 3}, rows: object[] = [];
const skipped = await forEachBackend(namesGiven('backend', values.backend, NODE_BACKENDS), async backend => {
  for (const [numParams, numVariables] of SIZES) {
    const {nsPerParam, adamNsPerParam, ratio} = await measureStep({numParams, numVariables}, effort);
    rows.push({backend, numParams, numVariables, nsPerParam, adamNsPerParam, ratio});
  }
});
print({rows}, skipped);
