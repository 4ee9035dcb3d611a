/**
 * What the learned optimizer costs on every backend, beside `tf.train.adam` and `tf.train.sgd` in turns: one step, whole training steps of
 * four models, memory, and the start; the kernel against the machine, and our training kernels against the cpu backend. Prints one JSON
 * object, and on the standard error what is being measured.
 *
 *     npm run -s bench                             everything, some 15 minutes on a quiet machine
 *     npm run -s bench -- --only step,models --backend wasm,webgl --seconds 1
 *
 * Flags: `--only` of step, models, memory, start, import, roofline, training-kernels; `--backend` of wasm, cpu, node and, in headless
 * Chromium, webgl, webgpu, wasm-chromium, wasm-threads, for the first four of those; `--seconds` and least `--rounds` of each figure;
 * `--max-params`, for quick tries.
 * `--out FILE` writes the JSON to a file instead; `--report FILE` writes a page; `--docs` renews docs/bench.md with its pictures, and the
 * table of README.md. `--from FILE` starts from figures that were written by `--out`: those measured now replace theirs, and without
 * `--only` nothing is measured.
 */
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {parseArgs} from 'node:util';
import {blocksOf, fillBlocks} from './all/documents.js';
import {figuresOf} from './all/figures.js';
import {measureAll} from './all/measure.js';
import {benchPage} from './all/page.js';
import {mergeResults, PARTS, PARTS_BY_BACKEND, PLACES, type BenchResults} from './all/results.js';
import {namesGiven, numberGiven} from './support/args.js';
import {DOCS, writePicture} from './support/picture.js';

const {values} = parseArgs({options: {
  only: {type: 'string', multiple: true}, backend: {type: 'string', multiple: true},
  seconds: {type: 'string', default: '1.5'}, rounds: {type: 'string', default: '5'}, 'max-params': {type: 'string', default: 'Infinity'},
  out: {type: 'string'}, report: {type: 'string'}, docs: {type: 'boolean', default: false}, from: {type: 'string'},
}});
const parts = namesGiven('only', values.only, PARTS, values.backend === undefined ? PARTS : PARTS_BY_BACKEND);
const places = namesGiven('backend', values.backend, PLACES);
const [seconds, minRounds, maxParams] = (['seconds', 'rounds', 'max-params'] as const).map(flag => numberGiven(flag, values[flag])) as [number, number, number];
const start = performance.now();

async function results(): Promise<BenchResults> {
  const old = values.from === undefined ? undefined : JSON.parse(readFileSync(values.from, 'utf8')) as BenchResults;
  if (old !== undefined && values.only === undefined) return old;
  const measured = await measureAll({
    parts, places, seconds, minRounds, maxParams,
    onProgress: message => console.error(`${((performance.now() - start) / 1000).toFixed(0).padStart(4)} s  ${message}`),
  });
  return old === undefined ? measured : mergeResults(old, measured, parts, places);
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, text);
}

const found = await results(), json = JSON.stringify(found, null, 1);
if (values.out === undefined) console.log(json);
else write(values.out, `${json}\n`);
if (values.report !== undefined) write(values.report, benchPage(found));
if (values.docs) {
  for (const document of [join(DOCS, 'bench.md'), join(DOCS, '../README.md')]) write(document, fillBlocks(readFileSync(document, 'utf8'), blocksOf(found)));
  for (const {name, svg} of figuresOf(found)) writePicture(name, svg);
}
