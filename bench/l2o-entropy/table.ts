/** The tables of docs/l2o-entropy.md, from its results. */
import type {Estimate} from '../../src/report/statistics.js';
import {markdownTable, textTable} from '../support/generated-block.js';
import type {PairedDifference} from './statistics.js';

/** What the tables read of a rule's results. */
interface RuleResults {
  readonly plain: {readonly testAccuracy: Estimate};
  readonly [penalty: string]: {readonly testAccuracy: Estimate} & Partial<PenaltyResults>;
}
interface PenaltyResults {
  readonly strength: number;
  readonly accuracyDifference: PairedDifference;
  readonly accuracyDifferenceToBestStop: PairedDifference;
  readonly lossDifference: Readonly<Record<string, PairedDifference>>;
  readonly logFlatnessDifference: Readonly<Record<string, PairedDifference>>;
  readonly accuracyDifferenceByTask: Readonly<Record<string, PairedDifference>>;
}

/** All rules with both penalties, in Markdown: accuracies in points, losses and flatness in natural logarithms. */
export function accuracyTable(rules: Readonly<Record<string, object>>): string {
  const rows = rowsOf(rules).map(({rule, penalty, plain, found}) => [
    rule, penalty, String(found.strength), percent(plain.mean), points(found.accuracyDifference), `[${percent(found.accuracyDifference.tLow)}, ${percent(found.accuracyDifference.tHigh)}]`,
    percent(found.accuracyDifference.detectable), points(found.accuracyDifferenceToBestStop), logs(found.lossDifference.logTrainLoss!), logs(found.lossDifference.logTestLoss!),
    logs(found.logFlatnessDifference.wideLocalEntropy!), logs(found.logFlatnessDifference.hessianNorm!),
  ]);
  return markdownTable(textTable(['rule', 'penalty', 'strength', 'plain, %', 'difference, points', 'by t', 'detectable', 'to best stop', 'ln train loss', 'ln test loss', 'ln local entropy, γ 9', 'ln max \\|λ\\|'], rows));
}

/** The difference in test accuracy on each task, in points. */
export function taskTable(rules: Readonly<Record<string, object>>): string {
  const rows = rowsOf(rules), tasks = Object.keys(rows[0]?.found.accuracyDifferenceByTask ?? {});
  return markdownTable(textTable(['rule', 'penalty', ...tasks], rows.map(({rule, penalty, found}) => [rule, penalty, ...tasks.map(task => points(found.accuracyDifferenceByTask[task]!))])));
}

function rowsOf(rules: Readonly<Record<string, object>>): Array<{rule: string; penalty: string; plain: Estimate; found: PenaltyResults}> {
  return Object.entries(rules as Readonly<Record<string, RuleResults>>).flatMap(([rule, results]) => Object.entries(results)
    .filter(([penalty]) => penalty !== 'plain').map(([penalty, found]) => ({rule, penalty, plain: results.plain.testAccuracy, found: found as PenaltyResults})));
}

function percent(share: number): string {
  return fixed(100 * share, 1);
}

/** With a minus sign, and none before a zero. */
function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−');
}

function points({mean, low, high}: Estimate): string {
  return `${percent(mean)} [${percent(low)}, ${percent(high)}]`;
}

function logs({mean, low, high}: Estimate): string {
  return `${fixed(mean, 2)} [${fixed(low, 2)}, ${fixed(high, 2)}]`;
}
