/** Every sentence of what bad input comes to in metaFit; options are in meta-fit.test.ts, damaged checkpoints in checkpoint.test.ts. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {L2OError} from '../../src/errors.js';
import {CHECKPOINT_NAME, decodeCheckpoint} from '../../src/meta/checkpoint.js';
import {metaFit} from '../../src/meta/meta-fit.js';
import {initialOuterState, updateTheta} from '../../src/meta/outer-update.js';
import type {Task, TaskFamily} from '../../src/tasks/task-family.js';
import {l2oFailure} from '../support/failure.js';
import {slopes} from './families/slopes.js';
import {RUN} from './run-options.js';

describe('a faulty family', () => {
  const good: Task<number> = {
    init: () => ({w: tf.ones([2])}), loss: ({w}) => tf.sum(tf.square(w!)),
    *batches() {
      for (let k = 0; ; k++) yield k;
    },
  };
  const FAULTS: Readonly<Record<string, readonly [Partial<Task<number>>, RegExp]>> = {
    'has a loss that is not finite at the start': [{loss: ({w}) => tf.sum(tf.log(tf.neg(w!)))}, /step 0: expected a loss that is finite at the initial parameters, got NaN/],
    'has a loss that is no scalar': [{loss: ({w}) => tf.square<tf.Scalar>(w as tf.Scalar)}, /step 0: expected the loss to be a scalar, got a float32 tensor of shape \[2\]/],
    'changes the shape of its loss': [{loss: ({w}, batch) => (batch < 2 ? tf.sum(w!) : w as tf.Scalar)}, /step \d: expected the loss to be a scalar, got a float32 tensor of shape \[2\]/],
    'changes the shape of its gradients': [{gradients: ({w}, _, step) => ({loss: tf.sum(w!), gradients: {w: tf.ones([step < 2 ? 2 : 3])}})}, /step 2: expected a float32 gradient of shape \[2\] for 'w', got a float32 tensor of shape \[3\]/],
    'ignores a parameter': [{init: () => ({w: tf.ones([2]), idle: tf.ones([1])})}, /step 0: expected the loss to depend on every parameter, got no gradient for 'idle'/],
    'throws in its loss': [{loss: () => { throw new Error('boom'); }}, /step 0: expected loss\(…\).* to return, got the error "boom"/],
    'throws in init': [{init: () => { throw new Error('boom'); }}, /step 0: expected init\(\) to return, got the error "boom"/],
    'throws in its batches': [{batches: () => { throw new Error('boom'); }}, /step 0: expected a train batch, got the error "Error: boom"/],
  };
  for (const [what, [change, message]] of Object.entries(FAULTS)) {
    it(`that ${what} is named, with task seed, step and a call that runs it alone`, async () => {
      const family: TaskFamily<number> = {name: 'bad', sample: () => ({...good, ...change})}, before = tf.memory().numTensors;
      for (const estimator of ['nres', 'bptt'] as const) {
        const error = await l2oFailure(metaFit({...RUN, estimator, tasks: family}));
        expect(error.code).to.equal('INVALID_ARGUMENT');
        expect(error.message).to.match(/^task family 'bad', task seed \d+, step \d+: .*await checkTask\(\{tasks: family, seed: \d+, steps: \d+\}\)/).and.match(message);
        expect(tf.memory().numTensors).to.equal(before);
      }
    });
  }

  it('that throws in sample is named too', async () => {
    const family: TaskFamily = {name: 'bad', sample: () => { throw new Error('boom'); }};
    expect((await l2oFailure(metaFit({...RUN, tasks: family}))).message).to.match(/^task family 'bad', task seed \d+, step 0: expected sample\(random\) to return a task, got the error "Error: boom"/);
  });

  it('comes with a command that gives the same error when it is run', async () => {
    const {message} = await l2oFailure(metaFit({...RUN, tasks: new URL('./families/faulty.ts', import.meta.url)}));
    const script = /node --input-type=module -e "(.*)"$/.exec(message)![1]!.replaceAll('\\"', '"');
    // The package by its source: it is not installed here.
    const run = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script.replace("'tfjs-l2o'", `'${new URL('../../src/index.ts', import.meta.url).href}'`)], {encoding: 'utf8'});
    expect(run.status).to.not.equal(0);
    expect(run.stderr, run.stderr).to.include(message.slice(0, message.indexOf(' This runs the task alone')));
  });
});

describe('a bad option', () => {
  it('is found before any work begins, the last of them too', async () => {
    const folder = join(tmpdir(), 'tfjs-l2o-never-made');
    const untouched: TaskFamily = {name: 'untouched', sample: () => { throw new Error('sampled'); }};
    const error = await l2oFailure(metaFit({...RUN, tasks: untouched, checkpointDir: folder, checkpointEvery: 0}));
    expect(error.message).to.match(/checkpointEvery must be an integer ≥ 1/);
    expect(fs.existsSync(folder)).to.equal(false);
  });
});

describe('a diverging run', () => {
  /** Overflows within 0.2 of its start, whatever the direction. */
  const ridge: TaskFamily = {name: 'ridge', sample: () => ({init: () => ({w: tf.zeros([1])}), loss: ({w}) => tf.neg(tf.sum(tf.cosh(tf.mul(400, w!)))) as tf.Scalar, *batches() { for (;;) yield 0; }})};

  it('is capped and counted by bptt as well, and theta stays finite', async () => {
    const {history, theta} = await metaFit({...RUN, estimator: 'bptt', rule: 'rnnprop', numPairs: 2, numOuterSteps: 4, learningRate: 0.1, tasks: ridge, horizons: [40, 40], windowSteps: 20, numHeldOut: 1});
    expect(history.reduce((sum, h) => sum + h.diverged, 0)).to.be.above(0);
    expect(history.every(h => Number.isFinite(h.heldOut ?? 0) && Number.isFinite(h.metaLoss ?? 0))).to.equal(true);
    expect(theta.values.every(Number.isFinite)).to.equal(true);
  });

  it('never makes a theta that is not finite: the update is refused, and the state is as it was', () => {
    const state = initialOuterState(Float32Array.of(1, 2)), options = {learningRate: 0.1, weightDecay: 0, clip: 2};
    for (const gradient of [[NaN, 0], [Infinity, 0]]) {
      expect(() => updateTheta(state, Float64Array.from(gradient), options)).to.throw(L2OError, /got the meta-gradient not finite at outer step 0/).with.property('code', 'NON_FINITE');
    }
    expect(() => updateTheta(state, Float64Array.of(1, 1), {...options, learningRate: 1e39})).to.throw(L2OError, /got the new theta not finite/);
    expect(state).to.deep.equal(initialOuterState(Float32Array.of(1, 2)));
  });
});

describe('a folder that cannot be written', () => {
  let folder: string;
  const own = {openSync: fs.openSync, writeFileSync: fs.writeFileSync, mkdirSync: fs.mkdirSync};
  beforeEach(() => (folder = fs.mkdtempSync(join(tmpdir(), 'tfjs-l2o-bad-input-'))));
  afterEach(() => {
    Object.assign(fs, own);
    fs.rmSync(folder, {recursive: true});
  });

  const systemError = (code: string): Error => Object.assign(new Error(`${code}: simulated`), {code});
  /** How file systems fail, root or not. */
  const FAILURES: Readonly<Record<string, () => void>> = {
    'a full disk': () => (fs.writeFileSync = ((file: number, bytes: Uint8Array) => {
      fs.writeSync(file, bytes, 0, bytes.length >> 1);
      throw systemError('ENOSPC');
    }) as typeof fs.writeFileSync),
    'a read-only file system': () => (fs.openSync = ((path: fs.PathLike, flags: fs.OpenMode) => {
      if (flags === 'w') throw systemError('EROFS');
      return own.openSync(path, flags);
    }) as typeof fs.openSync),
  };

  for (const [what, breakDisk] of Object.entries(FAILURES)) {
    it(`is a clear error, with the last checkpoint intact and nothing beside it: ${what}`, async () => {
      const run = {...RUN, tasks: slopes, checkpointDir: folder, checkpointEvery: 2}, whole = await metaFit({...run, checkpointDir: undefined});
      const error = await l2oFailure(metaFit({...run, onProgress: p => p.outerStep === 5 && breakDisk()}));
      expect(error.code).to.equal('ENVIRONMENT');
      expect(error.message).to.match(/^metaFit: expected to write '.*checkpoint.l2o', got E(NOSPC|ROFS): simulated\. Free the disk, check the permissions, or choose another checkpointDir; the last checkpoint is intact\./);
      Object.assign(fs, own);
      expect(fs.readdirSync(folder)).to.deep.equal([CHECKPOINT_NAME]);
      const steps: number[] = [], {theta} = await metaFit({...run, onProgress: p => steps.push(p.outerStep)});
      expect(steps[0]).to.equal(5);
      expect(theta.hash).to.equal(whole.theta.hash);
    });
  }

  it('is found before training where it is so from the start', async () => {
    fs.mkdirSync = (): never => { throw systemError('EROFS'); };
    let steps = 0;
    const error = await l2oFailure(metaFit({...RUN, tasks: slopes, checkpointDir: join(folder, 'sub'), onProgress: () => steps++}));
    expect(error).to.have.property('code', 'ENVIRONMENT');
    expect(error.message).to.match(/expected to make the folder of '.*', got EROFS: simulated/);
    expect(steps).to.equal(0);
  });

  it('never gets a theta that is not finite', async () => {
    const run = {...RUN, tasks: slopes, checkpointDir: folder, checkpointEvery: 1};
    const error = await l2oFailure(metaFit({...run, learningRate: 1e38, weightDecay: 1e4}));
    expect(error.code).to.equal('NON_FINITE');
    const bytes = fs.readFileSync(join(folder, CHECKPOINT_NAME)), recipe = /"recipe":"([0-9a-f]{16})"/.exec(bytes.toString('latin1'))![1]!;
    const {outer, best} = decodeCheckpoint(bytes, recipe, folder);
    expect([...outer.theta, ...best.theta].every(Number.isFinite)).to.equal(true);
  });
});
