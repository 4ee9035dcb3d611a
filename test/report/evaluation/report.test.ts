import {expect} from 'chai';
import type {EvaluationResult, OptimizerResult, TaskResult} from '../../../src/index.js';
import {findings} from '../../../src/report/evaluation/findings.js';
import {performanceProfile} from '../../../src/report/evaluation/profile.js';
import {evaluationReport} from '../../../src/report/evaluation/report.js';
import {sensitivityTable, summaryTable, taskTable} from '../../../src/report/evaluation/tables.js';
import {elementsOf} from '../well-formed.js';

const optimizer = (loss: number | null): OptimizerResult => ({
  trainLoss: loss, trainLosses: [loss], validationLoss: loss, validationLosses: [loss], bestValidationLoss: loss, validationAccuracy: null, area: loss, diverged: loss === null ? 1 : 0,
  tuning: null, curve: {steps: [0, 10], mean: [1, loss], low: [1, loss], high: [1, loss]},
});

function taskOf(name: string, speedup: number, loss: number | null = 0.5): TaskResult {
  const comparison = {speedup, notReached: speedup === 4 || speedup === 0.25, otherSteps: speedup, noWorse: speedup >= 1, noWorseAsTuned: true};
  return {
    name, dataset: 'd', architecture: 'a', loss: 'l', steps: 10, optimizers: {learned: optimizer(loss), adam: optimizer(0.4), adamDefault: optimizer(0.6)},
    comparisons: {adam: comparison, adamDefault: {...comparison, speedup: 2, notReached: false}}, divergedBeyondAdam: 0,
  };
}

function resultOf(tasks: readonly TaskResult[]): EvaluationResult {
  const summary = tasks.length === 0 ? null : {iqm: 1.5, low: 1.2, high: 1.9, notReached: tasks.filter(t => t.comparisons.adam!.notReached).map(t => t.name)};
  return {
    version: 1, suite: 'toy & co', theta: {rule: 'tensor-lstm', hash: 'abc'}, recipe: null, numTasks: tasks.length, numSeeds: 1, complete: false, unfinished: ['late'],
    missing: [{name: 'celo', reason: 'no weights.'}], skipped: [{name: 'prints', reason: 'no images.'}], speedup: {adam: summary, adamDefault: summary}, noWorse: {adam: 0.5, adamDefault: null}, noWorseAsTuned: {adam: 0.75, adamDefault: null}, noWorseThanAdam: 0.5,
    divergedRuns: 1, diverged: {learned: 1, adam: 0, adamDefault: 0},
    divergedByPlan: {right: {numRuns: 9, diverged: 1}, double: {numRuns: 5, diverged: 2}}, sensitivity: tasks.length === 0 ? null : {adam: {iqm: {half: 1.4, double: 1.3, omitted: 1.2}, largestChange: 0.2}},
    cost: {innerSteps: 1e6, runSeconds: 100, numRuns: 9, cachedRuns: 2, tuningSteps: {adam: 700}, seconds: 60}, tasks,
  };
}

const RESULT = resultOf([taskOf('<slow>', 0.5), taskOf('fast', 4), taskOf('lost', 1, null)]);

describe('The report of an evaluation', () => {
  it('is a well-formed page with a chart for each task and one profile', () => {
    const page = evaluationReport(RESULT), elements = elementsOf(page.slice(page.indexOf('<body>'), page.indexOf('</html>')).replaceAll(/<meta[^>]*>/g, ''));
    expect(elements.filter(name => name === 'svg')).to.have.length(4);
    expect(page).to.include('toy &#38; co').and.include('&#60;slow&#62;').and.not.include('<slow>');
  });

  it('can be made of no task at all', () => {
    expect(evaluationReport(resultOf([]))).to.match(/<\/html>\n$/);
  });

  it('says what is missing, slower, not reached and diverged', () => {
    const text = findings(RESULT).join('\n');
    expect(text).to.include('Not finished, and in no figure: late.').and.include('Celo, untuned did not take part: no weights.').and.include('Cannot run here, and in no figure: prints. no images.');
    expect(text).to.include('Slower than a tuned optimizer or a peer on: <slow>.').and.include('Beside Adam, tuned, our final loss is not reached within four times the steps, and 4 is counted: fast.').and.include("default Adam's did not: 1.");
    expect(text).to.include('by what it is told: the right number of steps 1 of 9, twice as many 2 of 5.').and.not.include('1/4 is counted');
    expect(findings(resultOf([taskOf('stuck', 0.25)])).join('\n')).to.include('ours does not reach the other’s final loss within four times the steps, and 1/4 is counted: stuck.');
    const burnt = taskOf('burnt', 1), neither = {...burnt, comparisons: {...burnt.comparisons, adam: {...burnt.comparisons.adam!, notReached: true}}};
    expect(findings(resultOf([neither])).join('\n')).to.include('Beside Adam, tuned, neither ends at a finite loss, and 1 is counted: burnt.').and.not.include('4 is counted');
  });

  it('has a row for each task and each other optimizer, with a star where a loss was not reached', () => {
    expect(taskTable(RESULT).rows.map(row => row.slice(0, 3))).to.deep.equal([['<slow>', '10', '0.5'], ['fast', '10', '4*'], ['lost', '10', '1']]);
    expect(summaryTable(RESULT).rows[0]).to.deep.equal(['Adam, tuned', '1.5', '1.2 to 1.9', '1', '50', '75', '0', '700']);
    expect(sensitivityTable(RESULT)!.rows).to.deep.equal([['Adam, tuned', '1.5', '1.4', '1.3', '1.2', '20.0']]);
    for (const table of [taskTable(RESULT), summaryTable(RESULT)]) for (const row of table.rows) expect(row).to.have.length(table.columns.length);
  });

  it('draws the share of tasks with at least each speed-up as a staircase', () => {
    expect(performanceProfile(RESULT)[0]!.points).to.deep.equal([
      {x: 0.25, y: 1}, {x: 0.5, y: 1}, {x: 0.5, y: 2 / 3}, {x: 1, y: 2 / 3}, {x: 1, y: 1 / 3}, {x: 4, y: 1 / 3}, {x: 4, y: 0},
    ]);
  });
});
