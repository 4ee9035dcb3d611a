import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {writeFileAtomically} from '../../src/cli/atomic-file.js';
import {lineChart, type ChartPoint, type ChartSeries} from '../../src/report/line-chart.js';
import {markdownTable, replaceBlock, textTable} from '../support/generated-block.js';
import type {SensitivityResult, SettingResult} from './summary.js';

const LOSS = 'Final training loss / tuned Adam’s';

/** Writes the result, and beside its folder the figures `images/sensitivity-….svg` and the tables of `how-to-choose.md`. */
export function writeSensitivity(out: string, result: SensitivityResult): void {
  const docs = dirname(dirname(resolve(out)));
  for (const folder of [dirname(out), join(docs, 'images')]) mkdirSync(folder, {recursive: true});
  writeFileAtomically(out, `${JSON.stringify(result, null, 1)}\n`);
  for (const [name, svg] of Object.entries(figures(result))) {
    // A picture of its own has no page to give it a ground, and its text is black.
    writeFileSync(join(docs, 'images', `sensitivity-${name}.svg`), `${svg.replace('</title>', '</title>\n<rect width="100%" height="100%" fill="#fff"/>')}\n`);
  }
  for (const [name, table] of Object.entries(tables(result))) replaceBlock(join(docs, 'how-to-choose.md'), name, table);
}

function points(settings: readonly SettingResult[]): ChartPoint[] {
  return settings.map(({value, toAdam: {mean, low, high}}) => ({x: value, y: mean, low, high}));
}

function figures({numSteps, learningRate, adamRate}: SensitivityResult): Record<'num-steps' | 'learning-rate', string> {
  const told = points(numSteps.filter(({value}) => value > 0)), omitted = numSteps.find(({value}) => value === 0)!;
  const asAdam = (xs: readonly number[]): ChartSeries => ({name: 'Adam, tuned', points: xs.map(x => ({x, y: 1}))});
  return {
    'num-steps': lineChart({
      title: 'Final loss by the numSteps that the optimizer is told', dots: true,
      x: {label: 'numSteps / steps made', type: 'log'}, y: {label: LOSS, type: 'log'},
      series: [
        {name: 'numSteps told', points: told}, asAdam(told.map(({x}) => x)),
        {name: 'numSteps omitted', points: told.map(({x}) => ({...points([omitted])[0]!, x}))},
      ],
    }),
    'learning-rate': lineChart({
      title: 'Final loss by multiples of the learned step and of Adam’s tuned rate', dots: true,
      x: {label: 'Multiple of the learned step, or of the tuned rate', type: 'log'}, y: {label: LOSS, type: 'log'},
      series: [{name: 'Learned, times learningRate', points: points(learningRate)}, {name: 'Adam, times its tuned rate', points: points(adamRate)}],
    }),
  };
}

function tables({theta, numTasks, numSeeds, numSteps, averaged, learningRate, adamRate, tasks}: SensitivityResult): Record<string, string> {
  const heads = ['final loss / tuned Adam’s', 'final loss / own, as it comes', 'tasks no higher than Adam', 'diverged runs'];
  const cells = ({toAdam, toOwn, noHigher, divergedRuns}: SettingResult): string[] => [
    interval(toAdam), interval(toOwn), `${Math.round(100 * noHigher)} %`, `${divergedRuns} of ${numTasks * numSeeds}`,
  ];
  const fraction = (value: number): string => (value < 1 && Number.isInteger(1 / value) ? `1/${1 / value}` : `${value}`);
  const lost = tasks.filter(({train, validation}) => train > 1 || validation > 1).sort((a, b) => b.train - a.train)
    .map(({name, steps, train, validation}) => [name, `${steps}`, digits(train), digits(validation)]);
  return {
    'num-steps-table': markdownTable(textTable(['`numSteps` / steps made', ...heads],
      [...numSteps.map(row => [row.value === 0 ? 'omitted' : fraction(row.value), ...cells(row)]), [`omitted, mean of the last ${Math.round(100 * averaged.value)} % of the iterates`, ...cells(averaged)]])),
    'learning-rate-table': markdownTable(textTable(['`learningRate`', ...heads, 'Adam at this multiple of its tuned rate'],
      learningRate.map((row, i) => [fraction(row.value), ...cells(row), interval(adamRate[i]!.toAdam)]))),
    'losing-tasks': `Of ${numTasks} tasks, ${numSeeds} seeds each, with the theta \`${theta.slice(0, 12)}\`, these end higher than tuned Adam by ` +
      `training or by validation loss:\n\n${markdownTable(textTable(['task', 'steps', 'training loss / Adam’s', 'validation loss / Adam’s'], lost))}`,
  };
}

function interval({mean, low, high}: SettingResult['toAdam']): string {
  return `${digits(mean)} (${digits(low)} to ${digits(high)})`;
}

function digits(value: number): string {
  return `${Number(value.toPrecision(3))}`;
}
