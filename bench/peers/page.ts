/**
 * Writes the tables of docs/peers.md from docs/results/peers-step.json and docs/results/peers-flatness.json, where they are there.
 *
 *     npx tsx bench/peers/page.ts
 */
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {markdownTable, replaceBlock, textTable} from '../support/generated-block.js';
import {DOCS} from '../support/picture.js';
import {cheapestRules} from './goals.js';
import type {FlatnessRow, StepRow} from './protocol.js';

/** What the rows are, by the name of a result. */
interface Rows {
  readonly 'peers-step': StepRow;
  readonly 'peers-flatness': FlatnessRow;
}

interface Result<Row> {
  readonly versions: Readonly<Record<string, string>>;
  readonly skipped?: readonly string[];
  readonly rows?: readonly Row[];
}

/** @returns What was measured, if anything. */
function write<Name extends keyof Rows>(name: Name, heads: readonly string[], cells: (row: Rows[Name]) => readonly string[]): ReadonlyArray<Rows[Name]> {
  const path = join(DOCS, 'results', `${name}.json`);
  if (!existsSync(path)) return [];
  const {versions, skipped = [], rows} = JSON.parse(readFileSync(path, 'utf8')) as Result<Rows[Name]>;
  if (rows === undefined) throw new Error(`${path}: expected rows, got none: what was compared could not be had (${skipped.join(', ')})`);
  const setting = Object.entries(versions).map(([what, version]) => `${what} ${version}`).join(', ');
  replaceBlock(join(DOCS, 'peers.md'), name, `${markdownTable(textTable(heads, rows.map(cells)))}\n\n[JSON](results/${name}.json): ${setting}.${skipped.map(line => ` Left out: ${line}.`).join('')}`);
  return rows;
}

const number = (value: number): string => (value >= 1000 ? value.toFixed(0) : String(value));
const steps = write('peers-step', ['peer', 'parameters', 'variables', 'ns a parameter', 'ours', 'times ours', 'by the clock'], row => [
  row.peer, row.numParams.toLocaleString('en'), String(row.numVariables), number(row.nsPerParam), number(row.oursNsPerParam), number(row.ratio), number(row.wall.ratio),
]);
const {heads, cells} = cheapestRules(steps);
if (cells.length > 0) replaceBlock(join(DOCS, 'peers.md'), 'peers-goals', markdownTable(textTable(heads, cells)));
write('peers-flatness', ['measure', 'ours, ms', 'PyTorch, ms', 'ours over PyTorch', 'by the clock', 'ours found', 'PyTorch found'], row => [
  row.measure, number(row.ms), number(row.torchMs), number(row.ratio), number(row.wall.ratio), number(row.value), number(row.torchValue),
]);
