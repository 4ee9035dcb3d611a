import {expect} from 'chai';
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {accuracyTable, taskTable} from '../../../bench/l2o-entropy/table.js';

const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));

describe('the tables of docs/l2o-entropy.md', () => {
  const {rules} = JSON.parse(readFileSync(`${DOCS}results/l2o-entropy.json`, 'utf8')) as {rules: Record<string, Record<string, {accuracyDifference?: object}>>};

  it('are those of its results, for all rules and both penalties', () => {
    const page = readFileSync(`${DOCS}l2o-entropy.md`, 'utf8');
    expect(Object.keys(rules)).to.have.members(['tensor-lstm', 'scale', 'lstm-dm', 'rnnprop']);
    for (const rule of Object.values(rules)) {
      for (const penalty of ['hessian', 'localEntropy']) expect(rule[penalty]!.accuracyDifference).to.have.all.keys('mean', 'low', 'high', 'tLow', 'tHigh', 'detectable', 'numMetaSeeds', 'numSeeds');
    }
    expect(page).to.include(accuracyTable(rules)).and.include(taskTable(rules));
  });

  it('write no minus before a zero', () => {
    expect(accuracyTable(rules) + taskTable(rules)).to.not.match(/[-−]0\.0+(?![0-9])/);
  });
});
