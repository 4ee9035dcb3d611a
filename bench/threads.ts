/**
 * What `numThreads` brings: a step of one large variable on one thread and on several, which take turns on the same gradients, on the
 * backends of Node that have threads and on TF.js's threaded wasm backend in Chromium. Prints one JSON object.
 *
 *     npx tsx bench/threads.ts [--backend cpu] [--backend wasm-threads] [--threads 2] [--seconds 3]
 */
import {availableParallelism} from 'node:os';
import {parseArgs} from 'node:util';
import {measureThreads} from './measures/threads.js';
import {namesGiven, numberGiven} from './support/args.js';
import {forEachBackend} from './support/backends.js';
import {forEachPage} from './support/chromium.js';
import {print} from './support/print.js';

const BACKENDS = ['cpu', 'node', 'wasm-threads'] as const;
const SIZES = [200_000, 1_000_000, 10_000_000];

const {values} = parseArgs({options: {backend: {type: 'string', multiple: true}, threads: {type: 'string', default: '2'}, seconds: {type: 'string', default: '3'}}});
const effort = {seconds: numberGiven('seconds', values.seconds), minRounds: 5, warmUpRounds: 3}, numThreads = numberGiven('threads', values.threads);
const chosen = namesGiven('backend', values.backend, BACKENDS), rows: object[] = [];
const skipped = await forEachBackend(['cpu', 'node'].filter((name): name is 'cpu' | 'node' => chosen.some(c => c === name)), async backend => {
  for (const size of SIZES) rows.push({backend, ...await measureThreads(size, numThreads, effort)});
});
const browser = chosen.includes('wasm-threads')
  ? await forEachPage(['wasm-threads'], async (backend, page) => {
    for (const size of SIZES) rows.push({backend, ...await page.run('measureThreads', size, numThreads, effort)});
  })
  : undefined;
print({processors: availableParallelism(), browser, rows}, skipped);
