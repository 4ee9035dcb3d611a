import type {MetaFitResult} from '../../meta/meta-fit-result.js';
import {formatNumber} from '../format.js';
import {html, type SafeHtml} from '../html.js';
import {definitionList, figure, htmlPage, section} from '../html-page.js';
import {lineChart} from '../line-chart.js';
import {ratioInterval} from '../statistics.js';
import {htmlTable} from '../table.js';
import {finalLosses, heldOutPoints, metaLossPoints, outerRatePoints, relativeCurve, stepRateSeries} from './chart-data.js';
import {ADAM_RATES, type AdamSearch, type LossCurve} from './fresh-tasks.js';
import type {ReportRecipe} from './recipe.js';
import type {StepRates} from './step-rates.js';

/** All that a report of a meta-training shows. */
export interface MetaFitPageData {
  readonly result: MetaFitResult;
  readonly recipe: ReportRecipe;
  readonly family: string;
  /** Of each run on the fresh tasks. */
  readonly numSteps: number;
  /** Tasks that Adam's rate was chosen on. */
  readonly numTuning: number;
  readonly search: AdamSearch;
  /** Curves of the trained optimizer, and of Adam at its best rate, on the same tasks. */
  readonly ours: readonly LossCurve[];
  readonly adam: readonly LossCurve[];
  readonly rates: readonly StepRates[];
  /** Tasks that the rates are medians over. */
  readonly numObserved: number;
}

/** The report as a self-contained HTML page. */
export function metaFitPage(data: MetaFitPageData): string {
  const {result: {history, best, theta, stopped}, recipe, family, search, numSteps, rates, numObserved} = data;
  return htmlPage({
    title: `Meta-training on ${family}`,
    body: [
      html`<p>${verdict(data)}</p>`,
      html`<p>${progressSentence(data)}</p>`,
      section(`Against Adam, on ${data.ours.length} fresh tasks`, figure(curvesChart(data), curvesCaption(data)), tuningTable(search)),
      section('Held-out score', figure(lineChart({
        title: 'Held-out score by outer step', x: {label: 'Outer step'}, y: {label: 'Held-out score'},
        series: [{name: 'Held-out score', points: heldOutPoints(history)}], height: 300, dots: true,
      }), `Mean score on the held-out tasks; lower is better. The theta of outer step ${best.outerStep} is kept: its score of ${formatNumber(best.heldOut)} is the lowest. Step 0 is the theta that the training started from.`)),
      section('Meta-loss', figure(lineChart({
        title: 'Meta-loss by outer step', x: {label: 'Outer step'}, y: {label: 'Meta-loss'},
        series: [{name: 'Meta-loss', points: metaLossPoints(history)}], height: 300,
      }), 'Mean objective of the windows of each outer step, lower is better; each point is the mean of its stretch of steps, the band from the lowest to the highest of them. ' +
        'It is of new tasks and of windows anywhere in a run at every step, and so noisier than the held-out score.')),
      section('Learning rates', figure(lineChart({
        title: 'Learning rates inside the trained rule, by training step', x: {label: 'Training step of a run'},
        y: {label: 'Learning rate of an Adam that steps as far', type: 'log'}, series: stepRateSeries(rates, search.rate, numSteps),
      }), `What the trained rule multiplies Adam’s step by: RMS of its step over RMS of Adam’s direction on the same gradients, for each parameter tensor; medians over ${numObserved} of the ` +
        'fresh tasks. Above the line of Adam it steps further than tuned Adam, below it less far.'), figure(lineChart({
        title: 'Outer learning rate by outer step', x: {label: 'Outer step'}, y: {label: 'Outer learning rate'},
        series: [{name: 'Outer learning rate', points: outerRatePoints(recipe)}], height: 240,
      }), 'The learning rate by which meta-training itself moved theta.')),
      section('Theta', definitionList([
        ['Hash', theta.hash], ['Rule', `${theta.rule}, version ${theta.ruleVersion}`], ['Weights', String(theta.values.length)],
        ['Of outer step', String(best.outerStep)], ['Ended', {done: 'all outer steps made', early: 'no better theta for as long as patience allows', aborted: 'stopped'}[stopped]],
        ['Diverged rollouts', String(history.reduce((sum, {diverged}) => sum + diverged, 0))],
      ])),
      section('Recipe', definitionList(recipe.entries)),
    ],
  });
}

function verdict({ours, adam, search, numSteps, recipe}: MetaFitPageData): string {
  const our = finalLosses(ours), their = finalLosses(adam), wins = our.filter((loss, i) => loss < their[i]!).length;
  const what = recipe.on === 'validation' ? 'validation loss' : 'training loss', peer = `Adam at the best of ${ADAM_RATES.length} rates (${formatNumber(search.rate)})`;
  const count = `lower on ${wins} of ${our.length} fresh tasks`;
  const isComparable = [...our, ...their].every((loss) => Number.isFinite(loss) && loss > 0);
  if (!isComparable) return `After ${numSteps} steps the trained optimizer’s ${what} is ${count} than that of ${peer}.`;
  const {mean, low, high} = ratioInterval(our, their);
  return `After ${numSteps} steps the trained optimizer’s ${what} is ${formatNumber(mean, 2)} × that of ${peer} ` +
    `(95 % interval ${formatNumber(low, 2)} to ${formatNumber(high, 2)}), and ${count}.`;
}

function progressSentence({result: {history, best}}: MetaFitPageData): string {
  const first = history[0]?.heldOut, last = history.at(-1)?.outerStep ?? 0;
  const from = first === undefined ? '' : ` from ${formatNumber(first)}`;
  return `${last} outer steps brought the score on the held-out tasks${from} to ${formatNumber(best.heldOut)}; lower is better.`;
}

function curvesChart({ours, adam, search, recipe}: MetaFitPageData): string {
  const loss = recipe.on === 'validation' ? 'Validation loss' : 'Training loss';
  const {points: [our, their], isRelative} = relativeCurve([ours, adam]);
  return lineChart({
    title: `${loss} by training step`, x: {label: 'Training step'},
    y: isRelative ? {label: `${loss} over that at the start`, type: 'log'} : {label: loss},
    series: [{name: 'Trained optimizer', points: our!}, {name: `Adam, best rate (${formatNumber(search.rate)})`, points: their!}],
  });
}

function curvesCaption({ours, adam, numTuning, recipe: {over}}: MetaFitPageData): string {
  const diverged = (curves: readonly LossCurve[]): number => finalLosses(curves).filter((loss) => !Number.isFinite(loss)).length;
  const bad = diverged(ours) + diverged(adam) === 0 ? 'No run diverged.' : `${diverged(ours)} runs of the trained optimizer and ${diverged(adam)} of Adam diverged, and count in no point after that.`;
  return `Means over the tasks with 95 % t-intervals. Neither training nor the choice of theta has drawn these tasks. Adam’s rate, constant in a run, is the best of ${ADAM_RATES.length} ` +
    `on ${numTuning} other fresh tasks, by its ${over === 'final' ? 'final loss' : 'whole curve'}. ${bad}`;
}

function tuningTable({scores, rate}: AdamSearch): SafeHtml {
  return htmlTable({
    columns: [{title: 'Adam’s rate', align: 'left'}, {title: 'Mean score on the tuning tasks (lower is better)'}],
    rows: scores.map((found) => [`${formatNumber(found.rate)}${found.rate === rate ? ', the best' : ''}`, formatNumber(found.score)]),
  });
}
