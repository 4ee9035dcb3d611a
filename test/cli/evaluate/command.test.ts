import {spawn} from 'node:child_process';
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect} from 'chai';
import {parseCommand} from '../../../src/cli/args.js';
import {evaluateCommand, prepareEvaluation, type EvaluateWorld} from '../../../src/cli/evaluate/command.js';
import {L2OError} from '../../../src/errors.js';
import type {EvaluationResult} from '../../../src/index.js';
import {timeless} from '../../evaluation/timeless.js';

const DATE = new Date('2026-01-02T03:04:05Z'), SUITE = 'test/evaluation/toy-suite.ts';
const QUICK = ['--workers', '0', '--seeds', '2', '--baselines', 'sgdMomentum'];

/** Runs the command in this thread. */
async function run(words: readonly string[]): Promise<{isDone: boolean; stdout: string; stderr: string}> {
  let stdout = '', stderr = '';
  const world: EvaluateWorld = {
    progress: {update: () => undefined, clear: () => undefined}, print: text => void (stdout += text), notify: text => void (stderr += text),
    bold: text => text, now: () => DATE,
  };
  const command = parseCommand(['evaluate', ...words]);
  if (command.kind !== 'evaluate') throw new Error(command.kind);
  return {isDone: await evaluateCommand(await prepareEvaluation(command.options), world), stdout, stderr};
}

describe('tfjs-l2o evaluate', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'evaluate-cli-'))));
  afterEach(() => rmSync(folder, {recursive: true}));
  const at = (name: string): string => join(folder, name);
  const paths = (): string[] => ['--cache', at('cache'), '--out', at('out.json'), '--report', at('report.html'), '--log', at('deep/log.jsonl')];
  const read = (name: string): EvaluationResult => JSON.parse(readFileSync(at(name), 'utf8')) as EvaluationResult;

  it('prints tables, and writes result, report and two lines of the log for each call', async () => {
    const words = [SUITE, ...QUICK, '--tasks', 'bowl;network', '--peers', 'test/evaluation/missing-peer.ts', '--recipe', 'package.json', ...paths()];
    const {isDone, stdout, stderr} = await run(words);
    expect(isDone).to.equal(true);
    expect(stdout).to.match(/^bowl +40 /m).and.match(/^SGD \+ momentum, tuned +\d/m).and.include(`Report: ${at('report.html')}`);
    expect(stdout).to.include('Celo, untuned did not take part: its weights are not at hand.');
    expect(stderr).to.include(`Finished runs are kept in ${at('cache')}`);
    const result = read('out.json');
    expect(result.recipe).to.match(/^[0-9a-f]{16}$/);
    expect(readFileSync(at('report.html'), 'utf8')).to.match(/^<!doctype html>[^]*<\/html>\n$/);
    await run(words);
    const lines = readFileSync(at('deep/log.jsonl'), 'utf8').trimEnd().split('\n').map(line => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({event}) => event)).to.deep.equal(['started', 'result', 'started', 'result']);
    expect(lines[0]).to.deep.equal({date: '2026-01-02T03:04:05.000Z', event: 'started', suite: 'toy-suite.ts', theta: result.theta.hash, recipe: result.recipe, tasks: ['bowl', 'network'], baselines: ['sgdMomentum'], numSeeds: 2});
    expect(lines[1]).to.deep.include({date: '2026-01-02T03:04:05.000Z', suite: 'toy', theta: result.theta.hash, recipe: result.recipe, numTasks: 2, numSeeds: 2, divergedRuns: result.divergedRuns});
    expect(lines[1]).to.have.nested.property('speedup.sgdMomentum.iqm', result.speedup.sgdMomentum!.iqm);
  });

  it('prints the result as JSON where asked to', async () => {
    const {stdout} = await run([SUITE, ...QUICK, '--tasks', 'bowl', '--json', ...paths()]);
    expect(JSON.parse(stdout)).to.deep.equal(read('out.json'));
  });

  it('replaces a result by none that covers less', async () => {
    const whole = await run([SUITE, ...QUICK, ...paths()]), old = read('out.json');
    expect(whole.isDone && old.complete).to.equal(true);
    const part = await run([SUITE, ...QUICK, '--tasks', 'bowl;bowl', ...paths()]);
    expect(part).to.deep.include({isDone: false});
    expect(part.stderr).to.include(`${at('out.json')} was not written: it holds 2 more tasks, 'logistic' among them, and this call did not`);
    expect((await run([SUITE, ...QUICK, '--seeds', '1', ...paths()])).stderr).to.match(/it holds 2 seeds of each task/);
    const fewer = await run([SUITE, ...QUICK, '--baselines', 'adam', ...paths()]);
    expect(fewer.stderr).to.match(/was not written: it holds figures beside sgdMomentum, and this call did not/);
    expect(read('out.json')).to.deep.equal(old);
    const more = await run([SUITE, ...QUICK, '--baselines', 'adam,sgdMomentum', ...paths()]);
    expect(more.stderr).not.to.include('was not written');
    expect(read('out.json').speedup).to.have.all.keys('adam', 'sgdMomentum', 'adamDefault');
  });

  it('refuses what it cannot do before any run', async () => {
    const wrong: Readonly<Record<string, RegExp>> = {
      '--recipe nowhere.ts': /--recipe 'nowhere\.ts' cannot be read/, '--theta nowhere.safetensors': /nowhere\.safetensors/,
      '--out nowhere/out.json': /cannot be written/, '--peers nowhere.js': /nowhere\.js' to be a module of a peer/, '--tasks bowls': /got 'bowls'/,
    };
    for (const [flags, message] of Object.entries(wrong)) {
      const error: unknown = await run([SUITE, ...QUICK, '--cache', at('cache'), '--report', at('report.html'), ...flags.split(' ')]).then(() => undefined, (e: unknown) => e);
      expect(error, flags).to.be.instanceOf(L2OError).with.property('message').that.matches(message);
    }
    expect(existsSync(at('report.html'))).to.equal(false);
  });

  it('goes on where it was killed, to the same result', async () => {
    writeFileSync(at('out.json'), 'old');
    const words = ['test/evaluation/plain-suite.ts', ...QUICK, ...paths()];
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'evaluate', ...words], {stdio: 'ignore'});
    const ended = new Promise(resolve => child.once('exit', resolve)), files = (): number => (existsSync(at('cache')) ? readdirSync(at('cache'), {recursive: true}).length : 0);
    while (child.exitCode === null && files() < 30) await new Promise(resolve => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    await ended;
    expect(child.signalCode, 'it was done before it could be killed').to.equal('SIGKILL');
    expect(readFileSync(at('out.json'), 'utf8')).to.equal('old');
    await run(words);
    const resumed = read('out.json');
    expect(resumed.cost.cachedRuns).to.be.within(10, resumed.cost.numRuns - 1);
    rmSync(at('cache'), {recursive: true});
    await run(words);
    expect(read('out.json').cost.cachedRuns).to.equal(0);
    expect(timeless(resumed)).to.deep.equal(timeless(read('out.json')));
  });
});
