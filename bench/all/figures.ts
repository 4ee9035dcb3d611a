import {lineChart, type ChartSeries} from '../../src/report/line-chart.js';
import type {BenchResults, Place} from './results.js';

/** A chart with what it shows. */
export interface Figure {
  /** Name of its file, without ending. */
  readonly name: string;
  readonly caption: string;
  readonly svg: string;
}

type StepRow = BenchResults['rows'][number];

/** A value over sizes, of one backend and one number of variables. */
function line({rows}: BenchResults, place: Place, numVariables: number, name: string, value: (row: StepRow) => number): ChartSeries {
  const own = rows.filter(row => row.backend === place && row.numVariables === numVariables);
  return {name, points: own.map(row => ({x: row.numParams, y: value(row)})).sort((a, b) => a.x - b.x)};
}

function chart(name: string, title: string, label: string, series: readonly ChartSeries[]): Figure[] {
  const drawn = series.filter(({points}) => points.length > 0);
  if (drawn.length === 0) return [];
  return [{name, caption: `${title}.`, svg: lineChart({title, x: {label: 'Parameters', type: 'log'}, y: {label, type: 'log'}, series: drawn, dots: true})}];
}

const variables = (count: number): string => (count === 1 ? 'one variable' : `${count} variables`);

function ratios(results: BenchResults, name: string, where: string, places: readonly Place[]): Figure[] {
  return chart(name, `Our step against Adam’s ${where}: below 1 ours is cheaper`, 'Ours / Adam', places.flatMap(place => [1, 50].map(count =>
    line(results, place, count, `${place}, ${variables(count)}`, row => row.ratio))));
}

/** The charts of what has been measured. */
export function figuresOf(results: BenchResults): Figure[] {
  return [
    ...chart('bench-step', 'What a step on one variable costs in Node', 'Nanoseconds a parameter', (['wasm', 'cpu', 'node'] as const).flatMap(place => [
      line(results, place, 1, `${place}, ours`, row => row.nsPerParam), line(results, place, 1, `${place}, Adam`, row => row.adamNsPerParam),
    ])),
    ...ratios(results, 'bench-ratio-node', 'in Node', ['wasm', 'cpu', 'node']),
    ...ratios(results, 'bench-ratio-gpu', 'on webgl and webgpu, by software', ['webgl', 'webgpu']),
    ...ratios(results, 'bench-ratio-chromium', 'on wasm in Chromium', ['wasm-chromium', 'wasm-threads']),
  ];
}
