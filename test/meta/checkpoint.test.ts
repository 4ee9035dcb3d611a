import {sha256} from '@noble/hashes/sha2.js';
import {expect} from 'chai';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {L2OError} from '../../src/errors.js';
import {CHECKPOINT_NAME} from '../../src/meta/checkpoint.js';
import {metaFit} from '../../src/meta/meta-fit.js';
import {decodeTree, encodeTree} from '../../src/meta/state-codec.js';
import {slopes} from './families/slopes.js';
import {RUN} from './run-options.js';

const SCRIPT = fileURLToPath(new URL('./run-once.ts', import.meta.url));

/** Runs the script, and kills it without warning as soon as it has said `killAt`. Resolves to its lines. */
async function runOnce(folder: string, workers: number, killAt?: string): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, folder, String(workers)], {stdio: ['ignore', 'pipe', 'inherit']});
  const lines: string[] = [], ended = once(child, 'close');
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (line === killAt) child.kill('SIGKILL');
  }
  await ended;
  return lines;
}

describe('the state codec', () => {
  it('keeps every bit', () => {
    const tree = {a: [1, -0, Infinity, -Infinity, 1e-300, 0.1 + 0.2], none: null, yes: true, text: 'x', deep: [{values: Float32Array.of(1, NaN, -0)}, {values: new Float32Array(0)}]};
    expect(decodeTree(encodeTree(tree))).to.deep.equal(tree);
    expect(Object.is((decodeTree(encodeTree(tree)) as typeof tree).a[1], -0)).to.equal(true);
  });
});

describe('checkpoints of metaFit', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tfjs-l2o-checkpoint-'))));
  afterEach(() => rmSync(folder, {recursive: true, force: true}));

  it('let a run that was killed with kill -9, twice, end with the theta of one that was not', async () => {
    const whole = await metaFit({...RUN, tasks: slopes});
    expect(await runOnce(folder, 2, 'step 3')).to.not.include(`theta ${whole.theta.hash}`);
    const second = await runOnce(folder, 0, 'step 8');
    expect(second[0]).to.match(/^step [34]$/);
    expect((await runOnce(folder, 1)).at(-1)).to.equal(`theta ${whole.theta.hash}`);
    expect(readdirSync(folder).filter(name => !name.endsWith('.tmp'))).to.deep.equal([CHECKPOINT_NAME]);
  });

  /** A checkpoint in the folder, its bytes, and what a run says that finds it. */
  async function withCheckpoint(change: (bytes: Buffer) => Buffer, options: object = {}): Promise<{error: L2OError; untouched: boolean}> {
    const run = {...RUN, numOuterSteps: 2, tasks: slopes, checkpointDir: folder}, path = join(folder, CHECKPOINT_NAME);
    await metaFit(run);
    const bytes = change(readFileSync(path));
    writeFileSync(path, bytes);
    const error = await metaFit({...run, ...options}).then(() => undefined, (e: unknown) => e);
    expect(error).to.be.instanceOf(L2OError);
    return {error: error as L2OError, untouched: readFileSync(path).equals(bytes) && readdirSync(folder).length === 1};
  }

  for (const [what, change] of Object.entries({
    'cut short': (bytes: Buffer) => bytes.subarray(0, -100),
    'cut to a few bytes': (bytes: Buffer) => bytes.subarray(0, 30),
    'damaged in one bit': (bytes: Buffer) => bytes.map((byte, i) => (i === 5000 ? byte ^ 1 : byte)) as Buffer,
    'empty': () => Buffer.alloc(0),
    'something else': () => Buffer.from('hello'.repeat(100)),
  })) {
    it(`are refused and left alone where they are ${what}`, async () => {
      const {error, untouched} = await withCheckpoint(bytes => Buffer.from(change(bytes)));
      expect(error.code).to.equal('CORRUPT_FILE');
      expect(untouched).to.equal(true);
    });
  }

  it('are refused and left alone where the recipe is another', async () => {
    const {error, untouched} = await withCheckpoint(bytes => bytes, {seed: 6});
    expect(error.message).to.match(/expected a checkpoint of this recipe \([0-9a-f]{16}\) in '.*', got one of another/);
    expect(untouched).to.equal(true);
  });

  it('are refused and left alone where they are of another version', async () => {
    const {error, untouched} = await withCheckpoint(bytes => {
      const text = bytes.toString('latin1'), changed = Buffer.from(text.replace(/"version":\d+/, '"version":7').slice(0, -32), 'latin1');
      return Buffer.concat([changed, sha256(changed)]);
    });
    expect(error.message).to.match(/expected a checkpoint of version 2 in '.*', got one of version 7/);
    expect(untouched).to.equal(true);
  });

  it('survive a disk that can no longer be written', async () => {
    const run = {...RUN, tasks: slopes, checkpointDir: folder, checkpointEvery: 2}, whole = await metaFit({...run, checkpointDir: undefined}), blocker = join(folder, `${CHECKPOINT_NAME}.tmp`);
    const error = await metaFit({...run, onProgress: p => p.outerStep === 5 && void mkdirSync(blocker)}).then(() => undefined, (e: unknown) => e);
    expect(error).to.be.instanceOf(L2OError).with.property('code', 'ENVIRONMENT');
    rmdirSync(blocker);
    const steps: number[] = [], {theta} = await metaFit({...run, onProgress: p => steps.push(p.outerStep)});
    expect(steps[0]).to.equal(5);
    expect(theta.hash).to.equal(whole.theta.hash);
  });

  it('are refused with a clear error where the folder cannot be', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const error = await metaFit({...RUN, tasks: slopes, checkpointDir: join(file, 'sub')}).then(() => undefined, (e: unknown) => e);
    expect(error).to.be.instanceOf(L2OError).with.property('code', 'ENVIRONMENT');
    expect(existsSync(file)).to.equal(true);
  });
});
