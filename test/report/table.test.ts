import {expect} from 'chai';
import {htmlTable, textTable, type Table} from '../../src/report/table.js';
import {elementsOf} from './well-formed.js';

const table: Table = {
  columns: [{title: 'Name', align: 'left'}, {title: 'A long title that wraps'}],
  rows: [['first', '1 ± 2'], ['second & <third>', '−10']],
};

describe('textTable', () => {
  it('lines up columns and wraps titles at the bottom', () => {
    expect(textTable(table).split('\n')).to.deep.equal([
      '                  A long',
      '                   title',
      '                    that',
      'Name               wraps',
      '────────────────  ──────',
      'first              1 ± 2',
      'second & <third>     −10',
    ]);
  });

  it('styles the header alone', () => {
    const lines = textTable(table, (line) => `*${line}*`).split('\n');
    expect(lines.map((line) => line.startsWith('*'))).to.deep.equal([true, true, true, true, false, false, false]);
  });

  it('prints no rows where there are none', () => {
    expect(textTable({columns: [{title: 'Name', align: 'left'}], rows: []})).to.equal('Name\n────');
  });
});

describe('htmlTable', () => {
  it('is well-formed and escaped', () => {
    const names = elementsOf(htmlTable(table).text);
    expect(names.filter((name) => name === 'td')).to.have.length(4);
    expect(names.filter((name) => name === 'th')).to.have.length(2);
    expect(htmlTable(table).text).to.include('second &#38; &#60;third&#62;');
  });
});
