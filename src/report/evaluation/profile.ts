import {titleOf} from '../../evaluation/optimizers.js';
import type {EvaluationResult} from '../../evaluation/result.js';
import type {ChartPoint, ChartSeries} from '../line-chart.js';
import {othersOf} from './tables.js';

/** The performance profile: for each other optimizer the share of tasks on which our speed-up over it is at least so much. */
export function performanceProfile(result: EvaluationResult): ChartSeries[] {
  return othersOf(result).map(name => ({name: titleOf(name), points: shareAtLeast(result.tasks.map(task => task.comparisons[name]!.speedup))}));
}

/** A falling staircase from 1/4 to 4: the share of `values` that are at least x. */
function shareAtLeast(values: readonly number[]): ChartPoint[] {
  const sorted = [...values].sort((a, b) => a - b), n = sorted.length;
  const steps = sorted.flatMap((x, i): ChartPoint[] => [{x, y: (n - i) / n}, {x, y: (n - i - 1) / n}]);
  return n === 0 ? [] : [{x: 0.25, y: 1}, ...steps];
}
