import type {EvaluationResult} from '../../src/evaluation/result.js';
import {findings} from '../../src/report/evaluation/findings.js';
import {sensitivityTable, summaryTable, taskTable} from '../../src/report/evaluation/tables.js';
import type {Table} from '../../src/report/table.js';
import {markdownTable} from '../support/generated-block.js';

export const SUITES = ['unseen', 'validation', 'seen'] as const;

/** Columns of the README's table. */
const MAIN = ['Ours beside', 'Speed-up (IQM)', '95 % interval', 'Tasks no worse %'];

/** What docs/results.md and README.md say of a result, in Markdown. */
export function resultBlocks(result: EvaluationResult): {page: string; readme: string} {
  const summary = summaryTable(result), wrong = sensitivityTable(result), sentences = findings(result);
  return {
    page: [markdownTable(summary), ...wrong === undefined ? [] : [markdownTable(wrong)], markdownTable(taskTable(result)), sentences.map(text => `- ${text}`).join('\n')].join('\n\n'),
    readme: markdownTable(columnsOf(summary, MAIN)),
  };
}

function columnsOf({columns, rows}: Table, titles: readonly string[]): Table {
  const places = titles.map(title => columns.findIndex(column => column.title === title));
  return {columns: places.map(i => columns[i]!), rows: rows.map(row => places.map(i => row[i]!))};
}
