import type {Table} from '../../src/report/table.js';
import {markdownTable} from '../support/generated-block.js';
import {figuresOf, type Figure} from './figures.js';
import {goalsTable} from './goals.js';
import {importLine, leftOutLines, modelLines, settingOf, trainingKernelsLine} from './prose.js';
import type {BenchResults} from './results.js';
import {memoryTable, modelTable, readmeTable, rooflineTable, startTable, stepTable} from './tables.js';

/** A part of a document that is written by the bench, between comments that name it. */
const REGION = /<!-- bench:([\w-]+) -->\n([\s\S]*?)<!-- \/bench -->/g;

const asMarkdown = (table: Table): string => `${markdownTable(table)}\n`;
const list = (lines: readonly string[]): string => lines.map(line => `- ${line}\n`).join('');
const picture = ({name, caption}: Figure): string => `![${caption}](images/${name}.svg)\n`;

/** The regions by name. */
export function regionsOf(results: BenchResults): Readonly<Record<string, string>> {
  const lacking = leftOutLines(results);
  return {
    'setting': `${settingOf(results)} ([JSON](results/bench.json))\n`,
    'goals': asMarkdown(goalsTable(results)),
    'step': `${asMarkdown(stepTable(results))}\n${figuresOf(results).map(picture).join('\n')}`,
    'models': `${asMarkdown(modelTable(results))}\n${list(modelLines())}`,
    'memory': asMarkdown(memoryTable(results)),
    'start': `${importLine(results)}\n\n${asMarkdown(startTable(results))}`,
    'kernels': `${trainingKernelsLine(results)}\n\n${asMarkdown(rooflineTable(results))}`,
    'left-out': lacking.length === 0 ? 'Nothing.\n' : list(lacking),
    'readme': `${asMarkdown(readmeTable(results))}\nMedians of one run: ${settingOf(results)} ([JSON](docs/results/bench.json))\n`,
  };
}

/**
 * A document with its regions written anew.
 * @throws Error for a region that nothing is known to write into.
 */
export function fillRegions(document: string, regions: Readonly<Record<string, string>>): string {
  return document.replace(REGION, (_, name: string) => {
    const text = regions[name];
    if (text === undefined) throw new Error(`expected a region that is one of ${Object.keys(regions).join(', ')}, got '${name}'`);
    return `<!-- bench:${name} -->\n${text}<!-- /bench -->`;
  });
}

/** What stands in the regions of a document, by name. */
export function readRegions(document: string): Record<string, string> {
  return Object.fromEntries([...document.matchAll(REGION)].map(([, name, text]) => [name!, text!]));
}
