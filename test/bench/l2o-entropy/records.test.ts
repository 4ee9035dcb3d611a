import {expect} from 'chai';
import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {kept} from '../../../bench/l2o-entropy/cells.js';
import {Records} from '../../../bench/l2o-entropy/records.js';

describe('Records', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'l2o-records-'))));
  afterEach(() => rmSync(folder, {recursive: true}));

  it('makes a piece once, also for another process with the same folder', () => {
    let made = 0;
    const make = (): object => ({piece: ++made});
    expect(kept(new Records(folder), 'a', {seed: 1}, make)).to.eql({piece: 1});
    expect(kept(new Records(folder), 'a', {seed: 1}, make)).to.eql({piece: 1});
    expect(made).to.equal(1);
  });

  it('makes it anew for another key', () => {
    const records = new Records(folder);
    kept(records, 'a', {seed: 1}, () => 1);
    expect(records.read('a', {seed: 2})).to.equal(undefined);
    expect(records.read('a', {seed: 1, steps: 5})).to.equal(undefined);
  });

  it('takes a file that was cut short for missing', () => {
    const records = new Records(folder);
    records.write('a', {seed: 1}, [1, 2, 3]);
    writeFileSync(`${records.path('a', {seed: 1})}.json`, '{"key":{"seed":1},"val');
    expect(records.read('a', {seed: 1})).to.equal(undefined);
    expect(kept(records, 'a', {seed: 1}, () => 4)).to.equal(4);
    expect(records.read('a', {seed: 1})).to.equal(4);
  });

  it('leaves no other files behind', () => {
    new Records(folder).write('a', {seed: 1}, 1);
    expect(readdirSync(folder)).to.have.length(1);
  });
});
