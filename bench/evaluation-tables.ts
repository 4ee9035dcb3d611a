/**
 * Writes what the committed results of `npm run evaluate:unseen`, `evaluate:validation` and `evaluate:seen` say into docs/results.md, and
 * the main figures into README.md and docs/how-to-choose.md.
 *
 *     npx tsx bench/evaluation-tables.ts
 */
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {EvaluationResult} from '../src/evaluation/result.js';
import {lostTasks, resultBlocks, SUITES} from './evaluation/blocks.js';
import {replaceBlock} from './support/generated-block.js';
import {DOCS} from './support/picture.js';

for (const suite of SUITES) {
  const file = join(DOCS, `results/${suite}.json`);
  if (!existsSync(file)) continue;
  const result = JSON.parse(readFileSync(file, 'utf8')) as EvaluationResult, {page, readme} = resultBlocks(result);
  replaceBlock(join(DOCS, 'results.md'), suite, page);
  if (suite !== 'unseen') continue;
  replaceBlock(join(DOCS, '../README.md'), suite, readme);
  replaceBlock(join(DOCS, 'how-to-choose.md'), 'lost-tasks', lostTasks(result));
}
