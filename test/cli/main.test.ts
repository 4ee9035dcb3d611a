import {expect} from 'chai';
import {mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import manifest from '../../package.json' with {type: 'json'};
import {runMain, type Outcome} from './run-main.js';

const run = (args: readonly string[], signal?: NodeJS.Signals): Promise<Outcome> =>
  runMain(args, signal === undefined ? undefined : {signal, after: 'Backend:', delayMs: 300});

describe('tfjs-l2o', () => {
  let folder = '';
  beforeEach(() => folder = mkdtempSync(join(tmpdir(), 'l2o-')));
  afterEach(() => rmSync(folder, {recursive: true}));

  it('prints help and its version on stdout', async () => {
    expect(await run(['--help'])).to.include({status: 0, stderr: ''}).and.to.have.property('stdout').that.includes('Usage');
    expect(await run(['demo', '--help'])).to.have.property('stdout').that.includes('--dataset');
    expect(await run(['--version'])).to.deep.equal({status: 0, stdout: `${manifest.version}\n`, stderr: ''});
  });

  it('exits with 2 on wrong use, and prints nothing on stdout', async () => {
    const wrong = [['demo', '--step', '5'], ['demo', '--steps', '0'], ['demo', '--out', join(folder, 'none', 'report.html')]];
    for (const args of wrong) expect(await run(args), args.join(' ')).to.include({status: 2, stdout: ''});
    expect((await run(['demo', '--step', '5'])).stderr).to.equal(
      'tfjs-l2o: tfjs-l2o demo has no flag \'--step\'. Did you mean \'--steps\'? Run tfjs-l2o demo --help for all of them.\n');
  });

  it('prints one JSON object and writes the report', async () => {
    const out = join(folder, 'report.html');
    const {status, stdout, stderr} = await run(['demo', '--json', '--steps', '4', '--backend', 'wasm', '--out', out]);
    expect(stderr).to.match(/^Backend: wasm/);
    expect(status).to.equal(0);
    const json: unknown = JSON.parse(stdout);
    expect(json).to.have.nested.property('optimizers[0].name', 'learned');
    expect(json).to.have.property('report', out);
    expect(readFileSync(out, 'utf8')).to.match(/^<!doctype html>[^]*<\/html>\n$/);
    expect(readdirSync(folder)).to.deep.equal(['report.html']);
  });

  it('prints a plain table and the path of the report where stdout is no terminal', async () => {
    const out = join(folder, 'report.html');
    const {status, stdout, stderr} = await run(['demo', '--steps', '2', '--backend', 'cpu', '--out', out]);
    expect(status).to.equal(0);
    expect(stdout).to.include('Learned, untuned').and.to.include(`Report: ${out}`);
    expect(stdout + stderr).to.not.match(/[^\P{Cc}\n]/u);
  });

  it('leaves an old report alone and no half-written file when interrupted', async () => {
    const out = join(folder, 'report.html');
    writeFileSync(out, 'old');
    const {status, stdout, stderr} = await run(['demo', '--steps', '5000', '--out', out], 'SIGINT');
    expect(stderr).to.include('Interrupted: no report was written.');
    expect({status, stdout}).to.deep.equal({status: 130, stdout: ''});
    expect(readdirSync(folder)).to.deep.equal(['report.html']);
    expect(readFileSync(out, 'utf8')).to.equal('old');
  });
});
