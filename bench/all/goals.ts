import {formatNumber} from '../../src/report/format.js';
import type {Table} from '../../src/report/table.js';
import type {BenchResults, Place} from './results.js';

/** A figure at one place. */
interface Measured {
  readonly value: number;
  readonly where: string;
}

/** What a figure must be, and is to be. */
interface Goal {
  readonly figure: string;
  readonly better: 'lower' | 'higher';
  readonly atLeast: number;
  readonly aim: number;
  readonly measured: (results: BenchResults) => readonly Measured[];
}

/** Sizes up to 10 million parameters in 1 and 50 variables. */
const steps = (place: Place) => ({rows}: BenchResults): Measured[] => rows
  .filter(({backend, numVariables}) => backend === place && numVariables <= 50)
  .map(({ratio, numParams, numVariables}) => ({value: ratio, where: sizeText(numParams, numVariables)}));
const step = (place: Place, atLeast: number, aim: number): Goal => ({figure: `step against Adam's, ${place}`, better: 'lower', atLeast, aim, measured: steps(place)});
const conv = (place: Place): Goal => ({
  figure: `whole step of the conv net against Adam's, ${place}`, better: 'lower', atLeast: 1.1, aim: 1,
  measured: ({models}) => models.filter(({backend, model}) => backend === place && model === 'conv').map(({ratio}) => ({value: ratio, where: ''})),
});

const GOALS: readonly Goal[] = [
  step('wasm', 1, 0.5), step('cpu', 0.08, 0.05), step('node', 2.5, 1), step('webgl', 2, 1), step('webgpu', 2, 1),
  {
    figure: 'kernel against a fused Adam loop, wasm', better: 'lower', atLeast: 8, aim: 4,
    measured: ({roofline}) => roofline?.rows.map(({againstFusedAdam, numParams}) => ({value: againstFusedAdam, where: sizeText(numParams, 1)})) ?? [],
  },
  conv('node'), conv('wasm'),
  {
    figure: 'state, floats a parameter', better: 'lower', atLeast: 5, aim: 4,
    measured: ({memory}) => memory.filter(({optimizer}) => optimizer === 'learned').map(({backend, stateFloatsPerParam, numParams, numVariables}) =>
      ({value: stateFloatsPerParam, where: `${backend}, ${sizeText(numParams, numVariables)}`})),
  },
  {
    figure: 'conv net on wasm with our training kernels, times as fast as on cpu', better: 'higher', atLeast: 8, aim: 20,
    measured: ({trainingKernels}) => (trainingKernels === undefined ? [] : [{value: trainingKernels.speedup, where: ''}]),
  },
];

/** A size in words: "50 of 200k". */
export function sizeText(numParams: number, numVariables: number): string {
  const size = numParams / numVariables, text = size >= 1e6 ? `${size / 1e6}M` : size >= 1e3 ? `${size / 1e3}k` : `${size}`;
  return `${numVariables === 1 ? 'one' : numVariables} of ${text}`;
}

/** Each goal with the worst figure that was measured for it. */
export function goalsTable(results: BenchResults): Table {
  return {
    columns: [{title: 'figure', align: 'left'}, {title: 'at least'}, {title: 'aim'}, {title: 'worst measured'}, {title: 'where', align: 'left'}, {title: 'met', align: 'left'}],
    rows: GOALS.map(({figure, better, atLeast, aim, measured}) => {
      const all = measured(results), sign = better === 'lower' ? '≤' : '≥', isMet = (value: number, goal: number): boolean => (better === 'lower' ? value <= goal : value >= goal);
      const limits = [figure, `${sign} ${atLeast}`, `${sign} ${aim}`];
      if (all.length === 0) return [...limits, 'not measured', '', ''];
      const {value, where} = all.reduce((worst, other) => ((better === 'lower') === (other.value > worst.value) ? other : worst));
      return [...limits, formatNumber(value), where, isMet(value, aim) ? 'aim' : isMet(value, atLeast) ? 'yes' : 'no'];
    }),
  };
}
