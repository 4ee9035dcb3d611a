import {formatNumber} from '../../src/report/format.js';
import type {Table, TableColumn} from '../../src/report/table.js';
import {MODELS, type ModelName} from '../measures/models.js';
import {sizeText} from './goals.js';
import {PLACES, type BenchResults, type Place} from './results.js';

const left = (title: string): TableColumn => ({title, align: 'left'});
const columns = (first: string, ...others: readonly string[]): TableColumn[] => [left(first), ...others.map(title => ({title}))];

/** A table with a row for each place that has been measured, and a column for each of `keys`. */
function byPlace<Row extends {readonly backend: Place}, Key>(
    rows: readonly Row[], keys: readonly Key[], title: (key: Key) => string, isOf: (row: Row, key: Key) => boolean, cell: (row: Row) => string): Table {
  return {
    columns: columns('backend', ...keys.map(title)),
    rows: PLACES.filter(place => rows.some(({backend}) => backend === place)).map(place => [place, ...keys.map(key => {
      const row = rows.find(candidate => candidate.backend === place && isOf(candidate, key));
      return row === undefined ? '–' : cell(row);
    })]),
  };
}

/** Nanoseconds a parameter of our step, and in brackets its ratio to Adam's. */
export function stepTable({rows}: BenchResults): Table {
  const sizes = [...new Map(rows.map(({numParams, numVariables}) => [sizeText(numParams, numVariables), {numParams, numVariables}])).values()]
    .sort((a, b) => a.numVariables - b.numVariables || a.numParams - b.numParams);
  return byPlace(
    rows, sizes, ({numParams, numVariables}) => sizeText(numParams, numVariables), (row, size) => row.numParams === size.numParams && row.numVariables === size.numVariables,
    ({nsPerParam, ratio}) => `${formatNumber(nsPerParam, 2)} (${formatNumber(ratio, 2)})`);
}

/** Milliseconds of a training step under our optimizer, and in brackets its ratios to Adam's and to gradient descent's. */
export function modelTable({models}: BenchResults): Table {
  return byPlace(
    models, Object.keys(MODELS) as ModelName[], name => name, (row, name) => row.model === name,
    ({msPerStep, ratio, ratioToSgd}) => `${formatNumber(msPerStep)} (${formatNumber(ratio, 2)}, ${formatNumber(ratioToSgd, 2)})`);
}

/** What each optimizer keeps. */
export function memoryTable({memory}: BenchResults): Table {
  return {
    columns: [left('backend'), left('variables'), left('optimizer'), ...[
      'state, floats a parameter', 'in tensors, floats a parameter', 'growth a step, bytes: tensors', 'wasm memory', 'JavaScript',
    ].map(title => ({title}))],
    rows: memory.filter(({optimizer}) => optimizer !== 'sgd').map(row => [
      row.backend, sizeText(row.numParams, row.numVariables), row.optimizer, formatNumber(row.stateFloatsPerParam), formatNumber(row.tensorFloatsPerParam),
      formatNumber(row.tensorGrowthPerStep), formatNumber(row.wasmGrowthPerStep), row.heapGrowthPerStep === undefined ? '–' : formatNumber(row.heapGrowthPerStep, 2),
    ]),
  };
}

/** Milliseconds until the first step is made. */
export function startTable({start}: BenchResults): Table {
  return {
    columns: columns('backend', 'construction, ms', 'Adam’s', 'first step, ms', 'Adam’s'),
    rows: start.map(row => [row.backend, ...[row.constructionMs, row.adamConstructionMs, row.firstStepMs, row.adamFirstStepMs].map(value => formatNumber(value, 2))]),
  };
}

/** The kernel alone against the fused Adam loop. */
export function rooflineTable({roofline}: BenchResults): Table {
  return {
    columns: columns('parameters', 'ours, ns a parameter', 'fused Adam', 'ratio'),
    rows: roofline?.rows.map(row => [sizeText(row.numParams, 1), ...[row.nsPerParam, row.fusedAdamNsPerParam, row.againstFusedAdam].map(value => formatNumber(value))]) ?? [],
  };
}

/** The few steps that the README shows. */
export function readmeTable({rows}: BenchResults): Table {
  const shown = (['wasm', 'cpu', 'node'] as const).flatMap(place => [[100_000, 1], [1_000_000, 1], [100_000, 50]].flatMap(([numParams, numVariables]) =>
    rows.filter(row => row.backend === place && row.numParams === numParams && row.numVariables === numVariables)));
  return {
    columns: [left('backend'), left('variables'), ...['ours, ns a parameter', 'Adam', 'ratio'].map(title => ({title}))],
    rows: shown.map(row => [row.backend, sizeText(row.numParams, row.numVariables), ...[row.nsPerParam, row.adamNsPerParam, row.ratio].map(value => formatNumber(value, 2))]),
  };
}
