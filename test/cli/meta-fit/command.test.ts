import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {infoCommand} from '../../../src/cli/info/command.js';
import {runMain} from '../run-main.js';

const FAMILY = fileURLToPath(new URL('../../meta/families/slopes.ts', import.meta.url));
const CONFIG = {tasks: FAMILY, numOuterSteps: 6, numPairs: 2, windowSteps: 5, horizons: [8, 12], validateEvery: 3, numHeldOut: 2, seed: 5};

interface RunJson {
  readonly command: string;
  readonly stopped: string;
  readonly outerSteps: number;
  readonly theta: {readonly hash: string; readonly file: string};
  readonly heldOut: readonly unknown[];
}

describe('tfjs-l2o meta-fit, resume and info', () => {
  let folder = '';
  const config = (options: object): string => {
    const path = join(folder, 'config.json');
    writeFileSync(path, JSON.stringify(options));
    return path;
  };
  const json = (text: string): RunJson => JSON.parse(text) as RunJson;
  /** What the command prints, without a process of its own. */
  const info = async (file: string, asJson: boolean): Promise<string> => {
    let text = '';
    await infoCommand({file, json: asJson}, (printed) => text += printed);
    return text;
  };
  beforeEach(() => folder = mkdtempSync(join(tmpdir(), 'l2o-run-')));
  afterEach(() => rmSync(folder, {recursive: true}));

  it('meta-trains, writes theta and report, and tells what it wrote', async () => {
    const out = join(folder, 'run'), {status, stdout, stderr} = await runMain(['meta-fit', config(CONFIG), '--out', out, '--json']);
    expect(stderr).to.include('Run in ').and.to.include('resume');
    expect(status).to.equal(0);
    expect(json(stdout)).to.include({command: 'meta-fit', stopped: 'done', outerSteps: 6});
    expect(readdirSync(out).sort()).to.deep.equal(['checkpoint.l2o', 'report.html', 'run.json', 'theta.safetensors']);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).to.match(/^<!doctype html>[^]*Learning rate of an Adam that steps as far[^]*<\/html>\n$/);
    expect(JSON.parse(await info(join(out, 'theta.safetensors'), true))).to.include({command: 'info', kind: 'theta', rule: 'tensor-lstm', hash: json(stdout).theta.hash}).and.to.have.nested.property('metadata.recipe.seed', 5);
    expect(await info(out, false)).to.match(/outer steps +6 of 6/).and.to.include(`best theta         ${json(stdout).theta.hash}`);
  });

  it('stops at SIGINT with a checkpoint, and goes on to the very same theta', async () => {
    const long = {...CONFIG, numOuterSteps: 60, validateEvery: 20, checkpointEvery: 1000}, out = join(folder, 'run');
    const stopped = await runMain(['meta-fit', config(long), '--out', out, '--json'], {signal: 'SIGINT', after: 'Run in', delayMs: 150});
    expect(stopped.status).to.equal(130);
    expect(stopped.stderr).to.match(/Stopped at outer step \d+, with a checkpoint\. Go on with: tfjs-l2o resume /);
    expect(json(stopped.stdout)).to.include({stopped: 'aborted'});
    expect(json(stopped.stdout).outerSteps).to.be.below(60);
    const [resumed, whole] = [await runMain(['resume', out, '--json']), await runMain(['meta-fit', config(long), '--out', join(folder, 'whole'), '--json'])];
    expect(resumed.status).to.equal(0);
    expect(json(resumed.stdout)).to.include({command: 'resume', stopped: 'done', outerSteps: 60});
    expect(json(resumed.stdout).theta.hash).to.equal(json(whole.stdout).theta.hash);
    expect(json(resumed.stdout).heldOut).to.deep.equal(json(whole.stdout).heldOut);
  });

  it('exits with 2 and writes nothing where anything is wrong with the config', async () => {
    const out = join(folder, 'run');
    const {status, stdout, stderr} = await runMain(['meta-fit', config({...CONFIG, numOuterStep: 3}), '--out', out]);
    expect({status, stdout}).to.deep.equal({status: 2, stdout: ''});
    expect(stderr).to.include("got 'numOuterStep'. Did you mean 'numOuterSteps'?");
    expect(readdirSync(folder)).to.deep.equal(['config.json']);
  });

  it('exits with 2 where the folder to resume holds no run', async () => {
    mkdirSync(join(folder, 'empty'));
    const {status, stderr} = await runMain(['resume', join(folder, 'empty')]);
    expect(status).to.equal(2);
    expect(stderr).to.match(/expected the folder of a run, with run\.json and checkpoint\.l2o, got neither/);
  });

  it('exits with 1 where info cannot read its file', async () => {
    writeFileSync(join(folder, 'x.safetensors'), 'no theta at all');
    const {status, stdout, stderr} = await runMain(['info', join(folder, 'x.safetensors')]);
    expect({status, stdout}).to.deep.equal({status: 1, stdout: ''});
    expect(stderr).to.include('theta file: expected');
  });
});
