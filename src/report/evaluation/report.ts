import {titleOf} from '../../evaluation/optimizers.js';
import type {EvaluationResult, TaskResult} from '../../evaluation/result.js';
import {formatDuration} from '../format.js';
import {html, type SafeHtml} from '../html.js';
import {definitionList, figure, htmlPage, section} from '../html-page.js';
import {lineChart, type ChartSeries} from '../line-chart.js';
import {htmlTable} from '../table.js';
import {findings} from './findings.js';
import {performanceProfile} from './profile.js';
import {optimizerTable, sensitivityTable, summaryTable, taskTable} from './tables.js';

/** The report of an evaluation: a self-contained HTML page with a panel of curves for each task. */
export function evaluationReport(result: EvaluationResult, environment: ReadonlyArray<readonly [string, string]> = []): string {
  const sensitivity = sensitivityTable(result);
  return htmlPage({
    title: `The learned optimizer on ‘${result.suite}’`,
    body: [
      ...findings(result).map(sentence => html`<p>${sentence}</p>`),
      section('Over all tasks', htmlTable(summaryTable(result)),
        html`<p class="muted">Speed-up: steps of the other’s best envelope to our final loss, over ours; its inverse where ours is slower; at most 4 and at least 1/4.
Inter-quartile mean over tasks, with a bootstrap interval over tasks, and over seeds within tasks.</p>`),
      section('Performance profile', figure(profileChart(result), 'Share of tasks on which the speed-up over each optimizer is at least so much.')),
      section('By task', htmlTable(taskTable(result)), html`<p class="muted">*: a final loss was never reached.</p>`),
      ...sensitivity === undefined ? [] : [section('Told a wrong number of steps', htmlTable(sensitivity), html`<p class="muted">Inter-quartile mean speed-ups.</p>`)],
      ...result.tasks.map(taskPanel),
      section('How it was measured', definitionList([...configuration(result), ...environment])),
    ],
  });
}

function profileChart(result: EvaluationResult): string {
  return lineChart({
    title: 'Performance profile', x: {label: 'Speed-up at least', type: 'log'}, y: {label: 'Share of tasks'}, series: performanceProfile(result), height: 320,
  });
}

function taskPanel({name, dataset, architecture, loss, steps, optimizers}: TaskResult): SafeHtml {
  // Default Adam is left out: its line would be the seventh.
  const series = Object.entries(optimizers).filter(([key]) => key !== 'adamDefault').map(([key, {curve}]): ChartSeries => ({
    name: titleOf(key),
    points: curve.steps.map((x, i) => ({x, y: curve.mean[i] ?? NaN, low: curve.low[i] ?? NaN, high: curve.high[i] ?? NaN})),
  }));
  const chart = lineChart({title: `Training loss on ${name}`, x: {label: 'Step'}, y: {label: 'Training loss', type: 'log'}, series, height: 320});
  return section(name, figure(chart, `${architecture} on ${dataset}, ${loss}, ${steps} steps: mean over the seeds, and from the lowest to the highest run.`),
    htmlTable(optimizerTable(optimizers)));
}

function configuration({suite, theta, recipe, numTasks, numSeeds, complete, cost}: EvaluationResult): Array<readonly [string, string]> {
  return [
    ['Suite', `${suite}, ${numTasks} tasks${complete ? '' : ', not all of them'}`], ['Theta', `${theta.rule} ${theta.hash}`], ['Recipe', recipe ?? 'unknown'],
    ['Fresh seeds', `${numSeeds}`], ['Steps in all', `${cost.innerSteps}`], ['Time of all runs', formatDuration(cost.runSeconds)],
  ];
}
