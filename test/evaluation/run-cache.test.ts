import {chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {RunCache} from '../../src/evaluation/run-cache.js';
import type {RunRecord} from '../../src/evaluation/run-spec.js';

const RECORD: RunRecord = {made: 7, train: [2.5, 0.1 + 0.2, Infinity], validation: [{loss: Infinity}, {loss: 1e-30, accuracy: 0.5}], seconds: 0.25};

describe('RunCache', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'run-cache-'))));
  afterEach(() => rmSync(folder, {recursive: true}));
  /** All files below the folder. */
  const files = (): string[] => readdirSync(folder, {recursive: true, withFileTypes: true}).filter(f => f.isFile()).map(f => join(f.parentPath, f.name));

  it('gives back what was written, infinite losses and all digits included', () => {
    new RunCache(folder).write('a', RECORD);
    expect(new RunCache(folder).read('a')).to.deep.equal(RECORD);
  });

  it('has nothing under another key', () => {
    const cache = new RunCache(folder);
    cache.write('a', RECORD);
    expect(cache.read('b')).to.equal(undefined);
    expect(cache.damaged).to.equal(0);
  });

  it('leaves one whole file per run, and no temporary one', () => {
    const cache = new RunCache(folder);
    cache.write('a', RECORD);
    cache.write('a', RECORD);
    cache.write('b', RECORD);
    expect(files()).to.have.length(2);
    for (const file of files()) expect(file).to.match(/[0-9a-f]{2}\/[0-9a-f]{32}\.json$/);
  });

  const DAMAGES: Readonly<Record<string, (text: string) => string>> = {
    'cut short': text => text.slice(0, -9),
    'empty': () => '',
    'no JSON': () => 'not JSON at all',
    'of another key': text => text.replace('"key":"a"', '"key":"z"'),
    'of another format': text => text.replace('"format":1', '"format":0'),
    'changed in a loss': text => text.replace('2.5', '2.4'),
    'without a record': text => text.replace('"record"', '"rekord"'),
    'null': () => 'null',
  };
  for (const [what, damage] of Object.entries(DAMAGES)) {
    it(`takes a file that is ${what} for missing, counts it, and writes it anew`, () => {
      const cache = new RunCache(folder);
      cache.write('a', RECORD);
      const [file] = files() as [string], text = readFileSync(file, 'utf8');
      expect(damage(text)).not.to.equal(text);
      writeFileSync(file, damage(text));
      expect(cache.read('a')).to.equal(undefined);
      expect(cache.damaged).to.equal(1);
      cache.write('a', RECORD);
      expect(cache.read('a')).to.deep.equal(RECORD);
    });
  }

  it('passes over the temporary file of a process that was killed', () => {
    const cache = new RunCache(folder);
    cache.write('a', RECORD);
    const [file] = files() as [string];
    writeFileSync(`${file}.1.tmp`, '{"format":1,');
    expect(cache.read('a')).to.deep.equal(RECORD);
  });

  it('makes its folder, and says where it cannot', function () {
    new RunCache(join(folder, 'deep', 'down')).write('a', RECORD);
    expect(existsSync(join(folder, 'deep', 'down'))).to.equal(true);
    writeFileSync(join(folder, 'file'), '');
    expect(() => new RunCache(join(folder, 'file'))).to.throw(L2OError, /evaluate: expected to make the folder of runs '.*file', got/).with.property('code', 'ENVIRONMENT');
    // Nobody keeps the superuser out.
    if (process.getuid?.() === 0) return;
    chmodSync(folder, 0o500);
    expect(() => new RunCache(folder).write('b', RECORD)).to.throw(L2OError, /expected to write/);
    chmodSync(folder, 0o700);
  });
});
