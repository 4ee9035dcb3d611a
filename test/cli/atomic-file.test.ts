import {expect} from 'chai';
import {mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {checkWritable, writeFileAtomically} from '../../src/cli/atomic-file.js';
import {L2OError} from '../../src/errors.js';

describe('atomic file', () => {
  let folder = '';
  beforeEach(() => folder = mkdtempSync(join(tmpdir(), 'l2o-')));
  afterEach(() => rmSync(folder, {recursive: true}));

  it('writes a new file and replaces an old one, leaving nothing else', () => {
    const path = join(folder, 'report.html');
    writeFileAtomically(path, 'first');
    writeFileAtomically(path, 'second');
    expect(readFileSync(path, 'utf8')).to.equal('second');
    expect(readdirSync(folder)).to.deep.equal(['report.html']);
  });

  it('leaves no temporary file where the rename fails', () => {
    const path = join(folder, 'taken');
    mkdirSync(path);
    expect(() => writeFileAtomically(path, 'text')).to.throw();
    expect(readdirSync(folder)).to.deep.equal(['taken']);
  });

  it('says beforehand what cannot be written', () => {
    writeFileSync(join(folder, 'file'), '');
    for (const path of [folder, join(folder, 'none', 'report.html'), join(folder, 'file', 'report.html')]) {
      expect(() => checkWritable(path), path).to.throw(L2OError).with.property('code', 'INVALID_ARGUMENT');
    }
    checkWritable(join(folder, 'report.html'));
    checkWritable(join(folder, 'file'));
    expect(readdirSync(folder)).to.deep.equal(['file']);
  });
});
