import {rateShare} from '../../meta/meta-fit-run.js';
import type {MetaFitHistory} from '../../meta/meta-fit-result.js';
import type {ChartPoint, ChartSeries} from '../line-chart.js';
import {mean, tInterval} from '../statistics.js';
import type {LossCurve} from './fresh-tasks.js';
import type {ReportRecipe} from './recipe.js';
import type {StepRates} from './step-rates.js';

/** Most points that a line is drawn from. */
const MAX_POINTS = 120;

/** Held-out scores where theta was judged. */
export function heldOutPoints(history: readonly MetaFitHistory[]): ChartPoint[] {
  return history.flatMap(({outerStep, heldOut}) => (heldOut === undefined ? [] : [{x: outerStep, y: heldOut}]));
}

/** Means of the meta-loss over stretches of outer steps, with its range in each. */
export function metaLossPoints(history: readonly MetaFitHistory[]): ChartPoint[] {
  const steps = history.flatMap(({outerStep, metaLoss}) => (metaLoss === undefined ? [] : [{x: outerStep, y: metaLoss}]));
  return stretches(steps).map((points) => {
    const values = points.map(({y}) => y);
    return {x: mean(points.map(({x}) => x)), y: mean(values), low: Math.min(...values), high: Math.max(...values)};
  });
}

/** The outer learning rate, as far as the recipe plans it. */
export function outerRatePoints({numOuterSteps, learningRate}: ReportRecipe): ChartPoint[] {
  const steps = Array.from({length: numOuterSteps}, (_, k) => ({x: k + 1, y: learningRate * rateShare(k + 1, numOuterSteps)}));
  return stretches(steps).map((points) => points.at(-1)!);
}

/** Rates of each tensor, and tuned Adam's beside them; geometric means over stretches of steps. */
export function stepRateSeries(rates: readonly StepRates[], adamRate: number, numSteps: number): ChartSeries[] {
  const lines = rates.map(({tensor, rates: values}) => {
    const points = stretches(values.map((y, x) => ({x: x + 1, y}))).map((part) => {
      const positive = part.filter(({y}) => y > 0);
      return {x: mean(part.map(({x}) => x)), y: Math.exp(mean(positive.map(({y}) => Math.log(y))))};
    });
    return {name: tensor, points};
  });
  return [...lines, {name: 'Adam, best rate', points: [{x: 1, y: adamRate}, {x: numSteps, y: adamRate}]}];
}

/**
 * Mean curves of several optimizers on the same tasks: geometric means of the loss over each task's first, or plain means of the
 * loss where not all losses are positive.
 */
export function relativeCurve(optimizers: ReadonlyArray<readonly LossCurve[]>): {readonly points: ChartPoint[][]; readonly isRelative: boolean} {
  const isRelative = optimizers.flat(2).every(({loss}) => loss > 0);
  const points = optimizers.map((curves) => curves[0]!.map(({step}, i) => {
    const values = curves.map((curve) => (isRelative ? Math.log(curve[i]!.loss / curve[0]!.loss) : curve[i]!.loss)).filter((value) => Number.isFinite(value));
    const {mean: center, low, high} = tInterval(values), back = isRelative ? Math.exp : (value: number): number => value;
    return {x: step, y: back(center), low: back(low), high: back(high)};
  }));
  return {points, isRelative};
}

/** The last loss of each curve. */
export function finalLosses(curves: readonly LossCurve[]): number[] {
  return curves.map((curve) => curve.at(-1)!.loss);
}

/** Splits points into stretches of neighbours: so few that a line of them can be drawn. */
function stretches<P>(points: readonly P[]): P[][] {
  const length = Math.max(1, Math.ceil(points.length / MAX_POINTS));
  return Array.from({length: Math.ceil(points.length / length)}, (_, i) => points.slice(i * length, (i + 1) * length));
}
