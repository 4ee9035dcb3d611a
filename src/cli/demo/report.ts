import {formatDuration, formatNumber} from '../../report/format.js';
import {html} from '../../report/html.js';
import {definitionList, figure, htmlPage, section} from '../../report/html-page.js';
import {lineChart, type ChartSeries} from '../../report/line-chart.js';
import {htmlTable} from '../../report/table.js';
import {configuration, environmentEntries, findings, labelWithRate, resultTable, type FinishedDemo} from './presentation.js';
import {meanCurve, type OptimizerSummary} from './summary.js';

/** The demo's report: a self-contained HTML page. */
export function demoReport(demo: FinishedDemo): string {
  const {result, totalSeconds} = demo;
  return htmlPage({
    title: 'A learned optimizer and Adam, side by side',
    body: [
      ...findings(result).map((sentence) => html`<p>${sentence}</p>`),
      section('Training loss', figure(lossChart(result.optimizers),
        'Cross-entropy over the whole training set: mean over the seeds, and from the lowest to the highest run.')),
      section('Results', htmlTable(resultTable(result.optimizers)),
        html`<p class="muted">Means over the seeds ± 95 % t-interval.</p>`),
      section('Search for Adam’s learning rate', figure(tuningChart(demo), tuningCaption(demo))),
      section('How it was measured', definitionList(configuration(demo))),
      section('Environment', definitionList([...environmentEntries(demo), ['Time in all', formatDuration(totalSeconds)]])),
    ],
  });
}

function lossChart(optimizers: readonly OptimizerSummary[]): string {
  const series = optimizers.map((optimizer): ChartSeries => ({
    name: labelWithRate(optimizer),
    points: meanCurve(optimizer.runs.map(({curve}) => curve)).map(({step, mean, low, high}) => ({x: step, y: mean, low, high})),
  }));
  return lineChart({title: 'Training loss by step', x: {label: 'Step'}, y: {label: 'Training loss', type: 'log'}, series});
}

function tuningChart({result}: FinishedDemo): string {
  const points = result.tuning.scores.map(({rate, loss}) => ({x: rate, y: loss}));
  return lineChart({
    title: 'Validation loss by Adam’s learning rate',
    x: {label: 'Learning rate', type: 'log'},
    y: {label: 'Validation loss', type: 'log'},
    series: [{name: 'Adam', points}],
    height: 300,
    dots: true,
  });
}

function tuningCaption({result: {tuning}}: FinishedDemo): string {
  const diverged = tuning.scores.filter(({loss}) => !Number.isFinite(loss)).length;
  const note = diverged === 0 ? '' : ` ${diverged} of the rates diverged and are not drawn.`;
  return `Best: ${formatNumber(tuning.best.rate)}, with a validation loss of ${formatNumber(tuning.best.loss)}.${note}`;
}
