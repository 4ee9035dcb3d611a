import {expect} from 'chai';
import {demoJson} from '../../../src/cli/demo/json.js';
import {findings, resultTable} from '../../../src/cli/demo/presentation.js';
import {demoReport} from '../../../src/cli/demo/report.js';
import {elementsOf} from '../../report/well-formed.js';
import {fakeDemo} from './fake-runs.js';

describe('presentation of the demo', () => {
  it('has a row per optimizer, with a cell per column', () => {
    const {columns, rows} = resultTable(fakeDemo().result.optimizers);
    for (const row of rows) expect(row).to.have.length(columns.length);
    expect(rows.map((row) => row[0])).to.deep.equal(['Learned <untuned>', 'Adam, default (0.001)', 'Adam, tuned (0.01)']);
    expect(rows[0]?.slice(1, 3)).to.deep.equal(['0.2525 ± 0.0062', '0.50 ± 0.00']);
    expect(rows[1]?.slice(5, 7)).to.deep.equal(['20 ± 0', 'never']);
  });

  it('states the comparison and the cost of tuning', () => {
    const [comparison, cost] = findings(fakeDemo().result);
    expect(comparison).to.equal('The learned optimizer’s final training loss is 0.5 × that of tuned Adam ' +
      '(95 % interval 0.4 to 0.6), and is 0.25 × that of default Adam.');
    expect(cost).to.include('3 rates × 2 runs = 120 steps and 12 s');
  });

  it('says so where the comparison is impossible or the grid was widened', () => {
    const {result} = fakeDemo();
    const [comparison, cost] = findings({
      ...result,
      lossOverTunedAdam: {mean: NaN, low: NaN, high: NaN},
      tuning: {...result.tuning, numWidened: 2, isAtEdge: true},
    });
    expect(comparison).to.include('cannot be compared with that of tuned Adam');
    expect(cost).to.include('widened by 2').and.to.include('still lies at the edge');
  });

  it('makes a report that is well-formed and escaped, and names no path', () => {
    const page = demoReport(fakeDemo());
    const names = elementsOf(page
      .replace('<!doctype html>', '').replace(/<style>[^]*<\/style>/, '').replace(/<(meta [^>]*)>/g, '<$1/>'));
    expect(names.filter((name) => name === 'svg')).to.have.length(2);
    expect(names).to.not.include.members(['untuned', 'data']);
    expect(page).to.include('4.22.0, cpu backend').and.to.include('1 of the rates diverged');
    expect(page, 'what theta has seen').to.include('made &#60;up&#62; too');
    expect(page).to.not.include('folder/');
    expect(page.replace('http://www.w3.org/2000/svg', '').replace('http://www.w3.org/2000/svg', '')).to.not.match(/https?:/);
  });

  it('makes one line of JSON with everything in it', () => {
    const text = demoJson(fakeDemo());
    expect(text).to.not.include('\n');
    const json: unknown = JSON.parse(text);
    expect(json).to.have.nested.property('configuration.seed', 3);
    expect(json).to.have.nested.property('optimizers[0].trainLoss.mean').that.is.closeTo(0.2525, 1e-9);
    expect(json).to.have.nested.property('optimizers[2].runs[0].curve[1].step', 10);
    expect(json).to.have.nested.property('tuning.scores[2].loss', null);
    expect(json).to.have.property('report', 'folder/report.html');
  });
});
