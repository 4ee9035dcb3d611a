import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {L2OError} from '../../src/errors.js';
import {metaFit} from '../../src/meta/meta-fit.js';
import type {MetaFitOptions} from '../../src/meta/meta-fit-options.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';
import {defaultTheta} from '../../src/theta/default-theta.js';
import {loadTheta} from '../../src/theta/theta-io.js';
import faulty from './families/faulty.js';
import {slopes} from './families/slopes.js';
import {RUN} from './run-options.js';

const MODULE = new URL('./families/slopes.ts', import.meta.url);

/** What a promise is rejected with. */
async function failure(promise: Promise<unknown>): Promise<L2OError> {
  try {
    await promise;
  } catch (error) {
    expect(error).to.be.instanceOf(L2OError);
    return error as L2OError;
  }
  throw new Error('expected an error');
}

describe('metaFit', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tfjs-l2o-meta-fit-'))));
  afterEach(() => rmSync(folder, {recursive: true}));

  it('gives the same theta and history, bit for bit, for an object, and for a module with 0, 1 and 2 workers', async () => {
    const results = [await metaFit({...RUN, tasks: slopes})];
    for (const workers of [0, 1, 2]) results.push(await metaFit({...RUN, tasks: MODULE, workers}));
    for (const {theta, history, stopped} of results) {
      expect(theta.hash).to.equal(results[0]!.theta.hash);
      expect(history).to.deep.equal(results[0]!.history);
      expect(stopped).to.equal('done');
    }
    expect(results[0]!.history.map(h => h.outerStep)).to.deep.equal(Array.from({length: 13}, (_, i) => i));
  });

  for (const estimator of ['pes', 'es'] as const) {
    it(`goes on bit for bit after an abort, with other workers: ${estimator}`, async () => {
      const run = {...RUN, estimator, tasks: MODULE}, whole = await metaFit(run), stop = new AbortController();
      const aborted = await metaFit({...run, checkpointDir: folder, checkpointEvery: 100, signal: stop.signal, workers: 2, onProgress: p => p.outerStep === 7 && stop.abort()});
      expect(aborted.stopped).to.equal('aborted');
      expect(aborted.history).to.have.length(8);
      const resumed = await metaFit({...run, checkpointDir: folder});
      expect(resumed.theta.hash).to.equal(whole.theta.hash);
      expect(resumed.history).to.deep.equal(whole.history);
      expect((await metaFit({...run, checkpointDir: folder})).history).to.deep.equal(whole.history);
    });
  }

  it('replaces a worker that dies, with the same theta', async () => {
    const whole = await metaFit({...RUN, tasks: slopes}), marker = join(folder, 'dead');
    process.env.L2O_DEADLY = marker;
    try {
      const {theta, history} = await metaFit({...RUN, tasks: new URL('./families/deadly.ts', import.meta.url), workers: 2});
      expect(existsSync(marker)).to.equal(true);
      expect(theta.hash).to.equal(whole.theta.hash);
      expect(history).to.deep.equal(whole.history);
    } finally {
      delete process.env.L2O_DEADLY;
    }
  });

  it('improves the held-out score, and returns the best theta', async () => {
    const {best, history, theta, stopped} = await metaFit({tasks: slopes, numOuterSteps: 60, horizons: [15, 25], windowSteps: 10, validateEvery: 10, numHeldOut: 12, learningRate: 5e-3});
    const scores = history.flatMap(h => h.heldOut ?? []);
    expect(best.heldOut).to.equal(Math.min(...scores));
    expect(best.heldOut).to.be.below(scores[0]! - 0.2);
    expect(theta.hash).to.not.equal(defaultTheta().hash);
    expect(stopped).to.equal('done');
  });

  it('scores on validation data, at the end alone, and by each kind of loss', async () => {
    for (const kind of ['logLoss', 'loss', 'logPerStep'] as const) {
      const {history} = await metaFit({...RUN, numOuterSteps: 4, tasks: slopes, objective: {kind, on: 'validation', over: 'final'}});
      expect(history.every(h => Number.isFinite(h.heldOut ?? h.metaLoss))).to.equal(true);
    }
  });

  it('gives an optimizer and saves what loadTheta reads', async () => {
    const result = await metaFit({...RUN, numOuterSteps: 2, tasks: slopes}), file = join(folder, 'mine.safetensors');
    const optimizer = result.optimizer({numSteps: 10});
    expect(optimizer.theta.hash).to.equal(result.theta.hash);
    optimizer.dispose();
    await result.save(file);
    const {theta, metadata} = await loadTheta(file);
    expect(theta.hash).to.equal(result.theta.hash);
    expect(JSON.parse(metadata.recipe!)).to.include({seed: RUN.seed, numPairs: RUN.numPairs}).and.deep.include({families: ['slopes', 'slopes']});
  });

  it('stops early where patience is over', async () => {
    // With a learning rate that small nothing gets better than it was at the start, or hardly anything.
    const {stopped, history} = await metaFit({...RUN, numOuterSteps: 200, validateEvery: 1, patience: 3, learningRate: 1e-12, tasks: slopes});
    expect(stopped).to.equal('early');
    expect(history.length).to.be.below(200);
  });

  it('holds on to no tensor and no more memory from step to step', async () => {
    const before = tf.memory().numTensors, during: number[] = [];
    await metaFit({...RUN, numOuterSteps: 120, tasks: slopes, onProgress: () => during.push(tf.memory().numTensors)});
    expect(tf.memory().numTensors).to.equal(before);
    expect(new Set(during).size).to.equal(1);
  });

  it('caps and counts rollouts that diverge, and keeps theta finite', async () => {
    const family: TaskFamily = {name: 'bottomless', sample: () => ({init: () => ({w: tf.ones([1])}), loss: ({w}) => tf.sum(tf.neg(tf.exp(tf.mul(30, w!)))), *batches() { for (;;) yield 0; }})};
    let diverged = 0;
    const {history, theta} = await metaFit({...RUN, tasks: family, horizons: [200, 200], windowSteps: 100, onProgress: p => (diverged = p.diverged)});
    expect(diverged).to.be.above(0);
    expect(history.reduce((sum, h) => sum + h.diverged, 0)).to.be.above(0);
    expect(history.every(h => Number.isFinite(h.heldOut ?? 0) && Number.isFinite(h.metaLoss ?? 0))).to.equal(true);
    expect(theta.values.every(Number.isFinite)).to.equal(true);
  });

  it('reports progress', async () => {
    const seen: number[] = [];
    await metaFit({...RUN, numOuterSteps: 3, tasks: slopes, onProgress: p => {
      seen.push(p.outerStep);
      expect(p.numOuterSteps).to.equal(3);
      expect([p.metaLoss, p.heldOut, p.secondsLeft, p.diverged].every(Number.isFinite)).to.equal(true);
      expect(p.innerStepsPerSecond).to.be.above(0);
    }});
    expect(seen).to.deep.equal([1, 2, 3]);
  });

  for (const workers of [0, 1]) {
    it(`names a faulty family with its seed and step, and frees everything: workers ${workers}`, async () => {
      const before = tf.memory().numTensors;
      const error = await failure(metaFit({...RUN, tasks: new URL('./families/faulty.ts', import.meta.url), workers}));
      expect(error.code).to.equal('INVALID_ARGUMENT');
      expect(error.message).to.match(/^task family 'faulty', task seed \d+, step 2: expected train batches without end, got 2.*node --input-type=module -e ".*faulty\.ts', seed: \d+, steps: 3/);
      expect(tf.memory().numTensors).to.equal(before);
    });
  }

  it('notices a family that does not depend on its generator alone', async () => {
    let calls = 0;
    const family: TaskFamily = {name: 'fickle', sample: () => ({init: () => ({w: tf.fill([2], ++calls)}), loss: ({w}) => tf.sum(w!), *batches() { for (;;) yield 0; }})};
    expect((await failure(metaFit({...RUN, tasks: family}))).message).to.match(/expected the same first loss each time the task is sampled, got 2 and 4/);
  });

  const BAD: ReadonlyArray<readonly [MetaFitOptions | Record<string, unknown>, L2OError['code'], RegExp]> = [
    [{}, 'INVALID_ARGUMENT', /tasks must be a task family, or URL or path/],
    [{tasks: slopes, workers: 2}, 'INVALID_ARGUMENT', /the object 'slopes' with workers: 2.*Functions do not cross to a worker/],
    [{tasks: MODULE, heldOut: faulty, workers: 1}, 'INVALID_ARGUMENT', /heldOut must be URL or path of a module where workers > 0/],
    [{tasks: slopes, numOuterStep: 5}, 'UNKNOWN_OPTION', /got 'numOuterStep'. Did you mean 'numOuterSteps'/],
    [{tasks: slopes, objective: {kid: 'loss'}}, 'UNKNOWN_OPTION', /Did you mean 'kind'/],
    [{tasks: slopes, objective: {kind: 'mse'}}, 'INVALID_ARGUMENT', /objective.kind must be 'logLoss' or 'loss' or 'logPerStep', got 'mse'/],
    [{tasks: slopes, estimator: 'bptt', sigma: 0.1}, 'INVALID_ARGUMENT', /sigma must be left out with estimator 'bptt', got 0.1/],
    [{tasks: slopes, numOuterSteps: 0}, 'INVALID_ARGUMENT', /numOuterSteps must be an integer ≥ 1.*got 0/],
    [{tasks: slopes, sigma: 0}, 'INVALID_ARGUMENT', /sigma must be a number > 0, got 0/],
    [{tasks: slopes, horizons: [20, 10]}, 'INVALID_ARGUMENT', /horizons must be two integers.*got \[20, 10\]/],
    [{tasks: slopes, hideLoss: 2}, 'INVALID_ARGUMENT', /hideLoss must be a number ≥ 0 and ≤ 1, got 2/],
    [{tasks: slopes, learningRate: Infinity}, 'INVALID_ARGUMENT', /learningRate/],
    [{tasks: slopes, signal: {}}, 'INVALID_ARGUMENT', /signal must be an AbortSignal/],
    [{tasks: slopes, onProgress: 3}, 'INVALID_ARGUMENT', /onProgress must be a function/],
    [{tasks: slopes, checkpointDir: 3}, 'INVALID_ARGUMENT', /checkpointDir must be the path of a folder/],
    [{tasks: slopes, initialTheta: new Float32Array(3)}, 'INVALID_THETA', /got 3/],
    [{tasks: new URL('./families/missing.ts', import.meta.url), workers: 1}, 'INVALID_ARGUMENT', /to be a module that can be imported/],
    [{tasks: new URL('./run-options.ts', import.meta.url)}, 'INVALID_ARGUMENT', /to export a task family by default, got the exports RUN/],
  ];
  for (const [options, code, message] of BAD) {
    it(`refuses ${Object.entries(options).map(([name, value]) => `${name}: ${String(value)}`).join(', ')}`, async () => {
      const error = await failure(metaFit(options as MetaFitOptions));
      expect(error.code).to.equal(code);
      expect(error.message).to.match(message);
    });
  }
});
