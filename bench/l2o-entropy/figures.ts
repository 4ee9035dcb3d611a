/** The figures of docs/l2o-entropy.md. */
import {lineChart, type ChartPoint} from '../../src/report/line-chart.js';
import type {LinkSolution} from './link-study.js';

/** Local entropy against the Hessian's norm, one dot a trained model, by optimizer. */
export function linkFigure(solutions: readonly LinkSolution[], task: string): string {
  return scatter(solutions.filter(solution => solution.task === task), `Local entropy and Hessian norm of trained models: ${task}`, {
    x: {label: 'max |λ| of the Hessian, relative to tensors', of: ({flatness}) => flatness!.hessianNorm},
    y: {label: 'Local entropy, γ = 400', of: ({flatness}) => flatness!.localEntropy, type: 'log'},
  });
}

/** Local entropy of wide perturbations against the gap between training and test accuracy. */
export function gapFigure(solutions: readonly LinkSolution[], task: string): string {
  return scatter(solutions.filter(solution => solution.task === task), `Local entropy and generalization gap of trained models: ${task}`, {
    x: {label: 'Local entropy, γ = 9', of: ({flatness}) => flatness!.wideLocalEntropy},
    y: {label: 'Training accuracy − test accuracy', of: ({trainAccuracy, testAccuracy}) => trainAccuracy - testAccuracy, type: 'linear'},
  });
}

interface Axis {
  readonly label: string;
  readonly of: (solution: LinkSolution) => number;
}

function scatter(solutions: readonly LinkSolution[], title: string, {x, y}: {readonly x: Axis; readonly y: Axis & {readonly type: 'log' | 'linear'}}): string {
  const drawn = solutions.filter(({flatness}) => flatness !== undefined), names = [...new Set(drawn.map(({optimizer}) => optimizer))];
  // A gap after each point, so that no line joins them.
  const series = names.map(name => ({name, points: drawn.filter(({optimizer}) => optimizer === name).flatMap((s): ChartPoint[] => [{x: x.of(s), y: y.of(s)}, {x: NaN, y: NaN}])}));
  const svg = lineChart({title, x: {label: x.label, type: 'log'}, y: {label: y.label, type: y.type}, series});
  // A picture of its own has no page to give it a ground, and its text is black.
  return `${svg.replace('</title>', '</title>\n<rect width="100%" height="100%" fill="#fff"/>')}\n`;
}
