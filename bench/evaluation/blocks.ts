import type {EvaluationResult} from '../../src/evaluation/result.js';
import {findings} from '../../src/report/evaluation/findings.js';
import {sensitivityTable, summaryTable, taskTable} from '../../src/report/evaluation/tables.js';
import type {Table} from '../../src/report/table.js';
import {formatNumber} from '../../src/report/format.js';
import {markdownTable, textTable} from '../support/generated-block.js';

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

/** What docs/how-to-choose.md says of tasks on which a tuned Adam, with or without a cosine, is faster or ends at a lower validation loss. */
export function lostTasks({tasks, theta, numSeeds}: EvaluationResult): string {
  const lost = tasks.flatMap(({name, steps, comparisons: {adam, adamCosine}, optimizers: {learned, adam: tuned}}): string[][] => {
    if (adam!.speedup >= 1 && adamCosine!.speedup >= 1 && adam!.noWorse) return [];
    const losses = [learned!.validationLoss, tuned!.bestValidationLoss].map(loss => (loss === null ? '–' : formatNumber(loss)));
    return [[name, String(steps), formatNumber(adam!.speedup), formatNumber(adamCosine!.speedup), ...losses]];
  });
  const heads = ['task', 'steps', '× Adam', '× Adam + cosine', 'validation loss', 'tuned Adam’s'];
  return `Of ${tasks.length} tasks, ${numSeeds} seeds each, with the theta \`${theta.hash.slice(0, 12)}\`, these are slower than tuned Adam or than tuned Adam with a cosine, or end at a validation loss above tuned Adam’s by more than a standard error:\n\n${markdownTable(textTable(heads, lost))}`;
}

function columnsOf({columns, rows}: Table, titles: readonly string[]): Table {
  const places = titles.map(title => columns.findIndex(column => column.title === title));
  return {columns: places.map(i => columns[i]!), rows: rows.map(row => places.map(i => row[i]!))};
}
