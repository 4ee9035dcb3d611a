import {contourMap} from '../report/contour-map.js';
import {formatNumber} from '../report/format.js';
import {html, type SafeHtml} from '../report/html.js';
import {definitionList, figure, htmlPage, section} from '../report/html-page.js';
import {lineChart} from '../report/line-chart.js';
import {htmlTable, type Table} from '../report/table.js';
import type {FlatnessEstimate} from './estimate.js';
import type {LossLandscape} from './loss-landscape.js';
import type {FlatnessMeasurement} from './measure-flatness.js';
import type {SpectralDensity} from './spectral-density.js';

/** Range of losses from which on a map shows their logarithm. */
const LOG_RANGE = 20;

/**
 * A report as a self-contained HTML page with its two pictures.
 *
 * @param title Default 'How flat the loss is around the weights'.
 * @param more Further sections, such as what was measured.
 */
export function flatnessHtml(report: FlatnessMeasurement, title = 'How flat the loss is around the weights', more: readonly SafeHtml[] = []): string {
  const {spectrum, landscape, loss, gradientNorm, numParameters, numExamples, scaling, gamma, radius, seed} = report;
  const warnings = flatnessWarnings(report);
  return htmlPage({
    title,
    body: [
      section('Measures', htmlTable(flatnessTable(report)), html`<p class="muted">${TABLE_NOTE}</p>`,
        ...(warnings.length === 0 ? [] : [html`<ul>${warnings.map(warning => html`<li>${warning}</li>`)}</ul>`])),
      ...(spectrum === undefined ? [] : [section('Spectrum of the Hessian', figure(spectrumSvg(spectrum),
        'Density of the eigenvalues, by stochastic Lanczos quadrature: mean over the random starts, and one standard error.'))]),
      ...(landscape === undefined ? [] : [section('Loss landscape', figure(landscapeSvg(landscape),
        'Loss on a plane through the weights (the cross) along two random directions; a step of 1 is as long as each filter.'))]),
      section('What was measured', definitionList([
        ['Loss', formatNumber(loss)], ['Norm of the gradient', formatNumber(gradientNorm)], ['Trainable parameters', `${numParameters}`], ['Examples', `${numExamples}`],
        ['Perturbations relative to', SCALINGS[scaling]], ['γ of the local entropy', formatNumber(gamma)], ['Radius of the sharpness', formatNumber(radius)], ['Seed', `${seed}`],
      ])),
      ...more,
    ],
  });
}

/** Said under {@link flatnessTable}. */
export const TABLE_NOTE = 'Mean ± standard error over the samples; of the largest |eigenvalue|, ± the residual. The worst case is a lower bound.';

const SCALINGS: Readonly<Record<FlatnessMeasurement['scaling'], string>> = {plain: 'nothing', tensor: 'the RMS of each tensor', filter: 'the RMS of each filter'};

/** The measures as a table. */
export function flatnessTable(report: FlatnessMeasurement): Table {
  const rows: readonly [string, FlatnessEstimate][] = [
    ['Local entropy, excess', report.localEntropy], ['Sharpness, worst case', report.worstSharpness], ['Sharpness, mean', report.meanSharpness],
    ['Hessian, largest |eigenvalue|', report.hessianNorm], ['Hessian, √E‖Hv‖²', report.frobeniusNorm], ['Hessian, trace', report.hessianTrace],
  ];
  return {
    columns: [{title: 'Measure', align: 'left'}, {title: 'Value'}, {title: '±'}, {title: 'Samples'}, {title: 'Dropped'}, {title: 'Effective samples'}],
    rows: rows.map(([name, {value, standardError, numSamples, numDropped, effectiveSampleSize}]) => [
      name, formatNumber(value, 4), Number.isNaN(standardError) ? '' : formatNumber(standardError, 2), `${numSamples}`, `${numDropped}`,
      effectiveSampleSize === undefined ? '' : formatNumber(effectiveSampleSize),
    ]),
  };
}

/** Everything that qualifies the measures. */
export function flatnessWarnings(report: FlatnessMeasurement): string[] {
  const {localEntropy, worstSharpness, meanSharpness, hessianNorm, frobeniusNorm, hessianTrace} = report;
  return [...new Set([localEntropy, worstSharpness, meanSharpness, hessianNorm, frobeniusNorm, hessianTrace].flatMap(({warnings}) => warnings.map(({message}) => message)))];
}

/** The spectral density as an SVG element. */
export function spectrumSvg({eigenvalues, density, standardErrors}: SpectralDensity): string {
  // What is this far below the highest is smearing, not eigenvalues.
  const floor = 1e-6 * Math.max(...density);
  const points = eigenvalues.map((x, i) => {
    const y = density[i]! < floor ? NaN : density[i]!, spread = standardErrors[i]!;
    return Number.isNaN(spread) ? {x, y} : {x, y, low: Math.max(floor, y - spread), high: y + spread};
  });
  return lineChart({title: 'Density of the eigenvalues of the Hessian', x: {label: 'Eigenvalue'}, y: {label: 'Density', type: 'log'}, series: [{name: 'Density', points}], height: 320});
}

/** The loss landscape as an SVG element. */
export function landscapeSvg({steps, losses}: LossLandscape): string {
  // By loops: there may be more losses than a call takes arguments.
  const finite = losses.flat().filter(Number.isFinite), low = finite.reduce((a, b) => Math.min(a, b), Infinity), high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  return contourMap({
    title: 'Loss on a plane through the weights',
    x: {label: 'Steps along the first direction', places: steps}, y: {label: 'Steps along the second direction', places: steps},
    value: {label: 'Loss', type: low > 0 && high > LOG_RANGE * low ? 'log' : 'linear'}, values: losses, mark: {x: 0, y: 0},
  });
}
