import {definitionList, figure, htmlPage, section} from '../../src/report/html-page.js';
import {html, type SafeHtml} from '../../src/report/html.js';
import {htmlTable} from '../../src/report/table.js';
import {figuresOf} from './figures.js';
import {goalsTable} from './goals.js';
import {importLine, leftOutLines, modelLines, settingOf, trainingKernelsLine} from './prose.js';
import type {BenchResults} from './results.js';
import {memoryTable, modelTable, rooflineTable, startTable, stepTable} from './tables.js';

const note = (text: string): SafeHtml => html`<p class="muted">${text}</p>
`;
const list = (lines: readonly string[]): SafeHtml => html`<ul>${lines.map(line => html`<li>${line}</li>`)}</ul>
`;

/** All figures as one page of HTML. */
export function benchPage(results: BenchResults): string {
  const lacking = leftOutLines(results);
  return htmlPage({
    title: 'What a learned step costs',
    body: [
      note(settingOf(results)),
      section('What it must show', htmlTable(goalsTable(results))),
      section('One step', note('Nanoseconds a parameter, in brackets the ratio to Adam’s.'), htmlTable(stepTable(results)), html`${figuresOf(results).map(({svg, caption}) => figure(svg, caption))}`),
      section('Whole training steps', note('Milliseconds, in brackets the ratios to Adam’s and to gradient descent’s.'), htmlTable(modelTable(results)),
        definitionList(modelLines().map(line => line.split(/: (.*)/s) as unknown as readonly [string, string]))),
      section('Memory', htmlTable(memoryTable(results))),
      section('Start', html`<p>${importLine(results)}</p>`, htmlTable(startTable(results))),
      section('Kernels', html`<p>${trainingKernelsLine(results)}</p>`, htmlTable(rooflineTable(results))),
      ...(lacking.length === 0 ? [] : [section('Left out', list(lacking))]),
    ],
  });
}
