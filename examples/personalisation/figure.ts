/** The plot of the example. */
import {lineChart} from '../../src/report/line-chart.js';
import {tInterval} from '../../src/report/statistics.js';
import type {Line} from './measure.js';
import {LOOK_EVERY} from './train.js';

/** Mean accuracy by step with 95 % t-intervals over users, on a white ground. */
export function figure(lines: readonly Line[]): string {
  const svg = lineChart({
    title: 'Accuracy on images of the user that were not trained on, by training step', x: {label: 'Training step', type: 'log'}, y: {label: 'Accuracy'},
    series: lines.map(({name, curves}) => ({
      name,
      points: curves[0]!.map((_, look) => {
        const {mean, low, high} = tInterval(curves.map(curve => curve[look]!));
        return {x: look * LOOK_EVERY, y: mean, low, high};
      }),
    })),
  });
  return `${svg.replace('</title>', '</title>\n<rect width="100%" height="100%" fill="#fff"/>')}\n`;
}
