/** The figures of docs/step-size.md. */
import {lineChart, type ChartPoint, type ChartSeries} from '../../src/report/line-chart.js';
import {backpropMetaGradient} from '../../src/step-size/backprop.js';
import {stableMetaGradient} from '../../src/step-size/quadratic.js';
import {type StudyRow} from './least-squares-study.js';
import {MILESTONES, NUM_STEPS, WELL_CONDITIONED_SEEDS, type SeedResult, type StudyProblem} from './quadratic-study.js';

/** Errors below this are finer than the grid that they are measured against. */
const GRID_RESOLUTION = 1e-3;
/** Points of a path that are drawn: the figure is 700 pixels wide. */
const PATH_POINTS = 160;
/** Meta-steps at the end of a path that are not drawn, since too few others follow them. */
const TAIL = 200;
/** Gradients beyond it are left out of the figure, which would show nothing else. */
const LARGEST_DRAWN = 1e9;

/**
 * How far seeds still stray from a meta-step on, median and range, for the well-conditioned seeds and for the others. The
 * bare errors jump by decades from step to step and would hide it.
 */
export function pathsFigure(pathErrors: ReadonlyArray<readonly number[]>): string {
  const paths = pathErrors.map(worstFromHereOn);
  const isWell = (seed: number): boolean => WELL_CONDITIONED_SEEDS.includes(seed);
  const groups = [
    {name: 'well-conditioned seeds: median and range', members: paths.filter((_, seed) => isWell(seed))},
    {name: 'other seeds: median and range', members: paths.filter((_, seed) => !isWell(seed))},
  ];
  const last = paths[0]!.length - 1 - TAIL;
  const steps = [...new Set(Array.from({length: PATH_POINTS}, (_, i) => Math.round(last ** (i / (PATH_POINTS - 1)))))];
  return lineChart({
    title: 'Largest distance of the step size from the grid optimum from each meta-step on, with the stable meta-gradient',
    x: {label: 'Meta-step', type: 'log'}, y: {label: 'Largest distance from here on', type: 'log'},
    series: groups.map(({name, members}) => ({name, points: steps.map(k => {
      const errors = members.map(path => Math.max(GRID_RESOLUTION, path[k]!)).sort((a, b) => a - b);
      const middle = errors.length >> 1;
      const y = errors.length % 2 === 1 ? errors[middle]! : (errors[middle - 1]! + errors[middle]!) / 2;
      return {x: k, y, low: errors[0]!, high: errors[errors.length - 1]!};
    })})),
  });
}

/** Error at the milestones against the condition number, one dot a seed. */
export function conditionFigure(results: readonly SeedResult[]): string {
  return lineChart({
    title: 'Distance of the step size from the grid optimum against the condition number, one dot a seed',
    x: {label: 'Condition number', type: 'log'}, y: {label: 'Distance from the optimum', type: 'log'},
    series: MILESTONES.map((k, m) => ({
      name: `after ${k} meta-steps`,
      points: scatter(results.map(r => ({x: r.conditionNumber, y: Math.max(GRID_RESOLUTION, r.errors[m]!)}))),
    })),
  });
}

/** The meta-step from which on a seed stays near the optimum, against the curvature there, one dot a seed. */
export function curvatureFigure(results: readonly SeedResult[]): string {
  return lineChart({
    title: 'Meta-steps until the step size stays within 5 % of the grid optimum, against the curvature of the objective there',
    x: {label: 'F″ at the optimum, in thousands', type: 'log'}, y: {label: 'Meta-steps until within 5 % for good', type: 'log'},
    series: [{name: 'seed', points: scatter(results.map(r => ({x: r.curvature / 1000, y: r.settledAt ?? NaN})))}],
  });
}

/** Sizes of three meta-gradients over the step size: of the loss itself, and of its logarithm by both ways. */
export function gradientsFigure({quadratic, largest}: StudyProblem): string {
  const grid = Array.from({length: 400}, (_, i) => (3.5 * (i + 0.5)) / 400);
  const line = (name: string, gradientAt: (eta: number) => number): ChartSeries =>
    ({name, points: grid.map(x => ({x, y: Math.abs(gradientAt(x / largest))})).map(({x, y}) => ({x, y: y < LARGEST_DRAWN ? y : NaN}))});
  const logGradient = (eta: number): number => stableMetaGradient(quadratic, eta, NUM_STEPS).gradient;
  return lineChart({
    title: 'Size of the meta-gradient over the step size, for 80 inner steps',
    x: {label: 'Step size × largest eigenvalue (gradient descent diverges from 2 on)'}, y: {label: 'Size of the meta-gradient', type: 'log'},
    series: [
      line('of the loss itself', eta => NUM_STEPS * logGradient(eta) * Math.exp(NUM_STEPS * stableMetaGradient(quadratic, eta, NUM_STEPS).objective)),
      line('of (1/t)·log of the loss, stable', logGradient),
      line('the same by backprop in float32', eta => backpropMetaGradient(quadratic, eta, NUM_STEPS).gradient),
    ],
  });
}

/** Test error of both ways of tuning, with the 95 % range of the mean, over whatever `x` takes from a row. */
export function tuningFigure(rows: readonly StudyRow[], label: string, x: (row: StudyRow) => number): string {
  const points = (way: 'byTrain' | 'byValidation'): ChartPoint[] => rows.map(row => {
    const {testError, standardError} = row[way];
    return {x: x(row), y: testError, low: testError - 2 * standardError, high: testError + 2 * standardError};
  });
  return lineChart({
    title: `Test error of step sizes tuned on training and on validation losses, over: ${label}`,
    x: {label, type: 'log'}, y: {label: 'Root mean squared test error'}, dots: true, height: 320,
    series: [{name: 'tuned on training losses', points: points('byTrain')}, {name: 'tuned on validation losses', points: points('byValidation')}],
  });
}

function worstFromHereOn(errors: readonly number[]): number[] {
  let worst = 0;
  return errors.map((_, i) => (worst = Math.max(worst, errors[errors.length - 1 - i]!))).reverse();
}

/** Dots without lines between them: a gap after each. */
function scatter(points: readonly ChartPoint[]): ChartPoint[] {
  return points.flatMap(point => [point, {x: NaN, y: NaN}]);
}
