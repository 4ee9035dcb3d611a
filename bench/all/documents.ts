import {markdownTable, withBlocks} from '../support/generated-block.js';
import {figuresOf, type Figure} from './figures.js';
import {goalsTable} from './goals.js';
import {importLine, leftOutLines, modelLines, settingOf, trainingKernelsLine} from './prose.js';
import type {BenchResults} from './results.js';
import {memoryTable, modelTable, readmeTable, rooflineTable, startTable, stepTable} from './tables.js';

/** What the names of the bench's blocks begin with. */
const PREFIX = 'bench-';

const list = (lines: readonly string[]): string => lines.map(line => `- ${line}`).join('\n');
const picture = ({name, caption}: Figure): string => `![${caption}](images/${name}.svg)`;

/** What the documents' blocks are to hold, by name. */
export function blocksOf(results: BenchResults): Readonly<Record<string, string>> {
  const lacking = leftOutLines(results), paragraphs = (...parts: readonly string[]): string => parts.join('\n\n');
  return {
    'bench-setting': `${settingOf(results)} ([JSON](results/bench.json))`,
    'bench-goals': markdownTable(goalsTable(results)),
    'bench-step': paragraphs(markdownTable(stepTable(results)), ...figuresOf(results).map(picture)),
    'bench-models': paragraphs(markdownTable(modelTable(results)), list(modelLines())),
    'bench-memory': markdownTable(memoryTable(results)),
    'bench-start': paragraphs(importLine(results), markdownTable(startTable(results))),
    'bench-kernels': paragraphs(trainingKernelsLine(results), markdownTable(rooflineTable(results))),
    'bench-left-out': lacking.length === 0 ? 'Nothing.' : list(lacking),
    'bench-readme': paragraphs(markdownTable(readmeTable(results)), `Medians of one run: ${settingOf(results)} ([JSON](docs/results/bench.json))`),
  };
}

/**
 * A document with the bench's blocks written anew.
 * @throws Error for a block of the bench that nothing is known to write into.
 */
export function fillBlocks(document: string, blocks: Readonly<Record<string, string>>): string {
  return withBlocks(document, name => {
    if (!name.startsWith(PREFIX)) return undefined;
    const text = blocks[name];
    if (text === undefined) throw new Error(`expected a block that is one of ${Object.keys(blocks).join(', ')}, got '${name}'`);
    return text;
  });
}
