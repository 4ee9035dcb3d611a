import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {L2OError} from '../../src/errors.js';
import {Random} from '../../src/random.js';
import {RULE_NAMES, ruleInfo} from '../../src/rules/registry.js';
import {metaFit} from '../../src/meta/meta-fit.js';
import type {MetaFitOptions} from '../../src/meta/meta-fit-options.js';
import {threadEngine} from '../../src/rollout/engine.js';
import {quadraticFamily} from '../../src/tasks/families/quadratic.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';
import {defaultTheta} from '../../src/theta/default-theta.js';
import {loadTheta} from '../../src/theta/theta-io.js';
import {l2oFailure} from '../support/failure.js';
import faulty from './families/faulty.js';
import {slopes} from './families/slopes.js';
import {parameterNorm} from './parameter-norm.js';
import {RUN} from './run-options.js';

const MODULE = new URL('./families/slopes.ts', import.meta.url);

describe('metaFit', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tfjs-l2o-meta-fit-'))));
  afterEach(() => rmSync(folder, {recursive: true}));

  for (const [estimator, options] of [['nres', {}], ['bptt', {estimator: 'bptt', rule: 'lstm-dm', numOuterSteps: 3, numHeldOut: 1}]] as const) {
    it(`gives the same theta and history, bit for bit, for an object, and for a module with 0, 1, 2 and 4 workers: ${estimator}`, async () => {
      const run = {...RUN, numPairs: 4, ...options}, results = [await metaFit({...run, tasks: slopes})];
      for (const workers of [0, 1, 2, 4]) results.push(await metaFit({...run, tasks: MODULE, workers}));
      for (const {theta, history, stopped} of results) {
        expect(theta.hash).to.equal(results[0]!.theta.hash);
        expect(history).to.deep.equal(results[0]!.history);
        expect(stopped).to.equal('done');
      }
      expect(results[0]!.history.map(h => h.outerStep)).to.deep.equal(Array.from({length: run.numOuterSteps + 1}, (_, i) => i));
    });
  }

  for (const rule of RULE_NAMES) {
    it(`trains any rule, by evolution strategies and by backpropagation, from scratch and on, and saves it: ${rule}`, async () => {
      for (const estimator of ['nres', 'bptt'] as const) {
        const run = {...RUN, rule, estimator, numOuterSteps: 2, numPairs: 1, tasks: slopes, checkpointDir: join(folder, estimator)};
        const {theta, history, recipe} = await metaFit({...run, initialTheta: 'untrained'});
        expect(theta).to.include({rule, ruleVersion: ruleInfo(rule).version}).and.nested.property('values.length', ruleInfo(rule).thetaSize);
        expect(history[2]!.gradientNorm).to.be.above(0);
        expect(JSON.parse(recipe)).to.include({rule});
        expect((await metaFit({...run, checkpointDir: undefined, initialTheta: theta, numOuterSteps: 1})).history).to.have.length(2);
      }
    });
  }

  it('starts each rule of the zoo untrained, from a theta that follows from the seed', async () => {
    const run = {...RUN, rule: 'rnnprop', tasks: slopes, numOuterSteps: 1, learningRate: 1e-12} as const;
    const {theta} = await metaFit(run), other = await metaFit({...run, seed: 6});
    expect(theta.values).to.deep.equal(ruleInfo('rnnprop').initialTheta(new Random(5).fork('theta')));
    expect(other.theta.hash).to.not.equal(theta.hash);
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

  it('judges theta on the held-out family, and trains on the other', async () => {
    const heldOut = quadraticFamily({dimension: 2}) as TaskFamily, run: MetaFitOptions = {...RUN, tasks: slopes, numOuterSteps: 4};
    const [both, own, other] = [await metaFit({...run, heldOut}), await metaFit(run), await metaFit({...run, tasks: heldOut})];
    expect(both.history[0]!.heldOut, 'the score of the same start on the held-out family').to.equal(other.history[0]!.heldOut);
    expect(both.history[0]!.heldOut).to.not.equal(own.history[0]!.heldOut);
    expect(both.history.map(h => h.metaLoss), 'the same training').to.deep.equal(own.history.map(h => h.metaLoss));
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

  const FLAT: Readonly<Record<string, Partial<MetaFitOptions> & Pick<MetaFitOptions, 'tasks'>>> = {
    'tf ops': {tasks: slopes, numOuterSteps: 120},
    'the compiled engine': {tasks: quadraticFamily({dimension: 2}), numOuterSteps: 300},
    'backpropagation': {tasks: slopes, estimator: 'bptt', rule: 'rnnprop', numOuterSteps: 20, numPairs: 1},
  };
  for (const [what, options] of Object.entries(FLAT)) {
    it(`holds on to no tensor and no more memory from step to step: ${what}`, async () => {
      const before = tf.memory().numTensors, tensors: number[] = [], engine: number[] = [];
      await metaFit({...RUN, ...options, onProgress: () => {
        tensors.push(tf.memory().numTensors);
        engine.push(threadEngine()!.memoryBytes);
      }});
      expect(tf.memory().numTensors).to.equal(before);
      // By backpropagation, runs that have just begun have no slots yet.
      expect(Math.max(...tensors.slice(-10))).to.be.at.most(Math.max(...tensors.slice(0, 10)));
      expect(engine.at(-1)).to.equal(engine[Math.floor(engine.length / 2)]);
    });
  }

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
      const error = await l2oFailure(metaFit({...RUN, tasks: new URL('./families/faulty.ts', import.meta.url), workers}));
      expect(error.code).to.equal('INVALID_ARGUMENT');
      expect(error.message).to.match(/^task family 'faulty', task seed \d+, step 2: expected train batches without end, got 2.*node --input-type=module -e ".*faulty\.ts', seed: \d+, steps: 3/);
      expect(tf.memory().numTensors).to.equal(before);
    });
  }

  it('notices a family that does not depend on its generator alone', async () => {
    let calls = 0;
    const family: TaskFamily = {name: 'fickle', sample: () => ({init: () => ({w: tf.fill([2], ++calls)}), loss: ({w}) => tf.sum(w!), *batches() { for (;;) yield 0; }})};
    expect((await l2oFailure(metaFit({...RUN, tasks: family}))).message).to.match(/expected the same first loss each time the task is sampled, got 2 and 4/);
  });

  const BAD: ReadonlyArray<readonly [MetaFitOptions | Record<string, unknown>, L2OError['code'], RegExp]> = [
    [{}, 'INVALID_ARGUMENT', /tasks must be a task family, or URL or path/],
    [{tasks: slopes, workers: 2}, 'INVALID_ARGUMENT', /the object 'slopes' with workers: 2.*Functions do not cross to a worker/],
    [{tasks: MODULE, heldOut: faulty, workers: 1}, 'INVALID_ARGUMENT', /heldOut must be URL or path of a module where workers > 0/],
    [{tasks: slopes, numOuterStep: 5}, 'UNKNOWN_OPTION', /got 'numOuterStep'. Did you mean 'numOuterSteps'/],
    [{tasks: slopes, objective: {kid: 'loss'}}, 'UNKNOWN_OPTION', /Did you mean 'kind'/],
    [{tasks: slopes, objective: {kind: 'mse'}}, 'INVALID_ARGUMENT', /objective.kind must be 'logLoss' or 'loss' or 'logPerStep', got 'mse'/],
    [{tasks: slopes, estimator: 'bptt', sigma: 0.1}, 'INVALID_ARGUMENT', /sigma must be left out with estimator 'bptt', got 0.1/],
    [{tasks: slopes, estimator: 'bptt', signOnly: true}, 'INVALID_ARGUMENT', /signOnly must be left out with estimator 'bptt'/],
    [{tasks: slopes, estimator: 'bppt'}, 'INVALID_ARGUMENT', /estimator must be 'nres' or 'pes' or 'es' or 'bptt', got 'bppt'/],
    [{tasks: slopes, rule: 'lstm'}, 'INVALID_ARGUMENT', /rule must be 'tensor-lstm' or 'lstm-dm' or 'rnnprop' or 'scale', got 'lstm'/],
    [{tasks: slopes, rule: 'rnnprop', initialTheta: defaultTheta()}, 'INVALID_ARGUMENT', /initialTheta must be of the rule 'rnnprop', got 'tensor-lstm'/],
    [{tasks: slopes, signOnly: 1}, 'INVALID_ARGUMENT', /signOnly must be true or false, got 1/],
    [{tasks: slopes, curriculum: {form: [5, 5]}}, 'UNKNOWN_OPTION', /got 'form'. Did you mean 'from'/],
    [{tasks: slopes, curriculum: {from: [5, 5], stages: []}}, 'UNKNOWN_OPTION', /expected curriculum with stages among stages, minJudgements, got 'from'/],
    [{tasks: slopes, curriculum: {}}, 'INVALID_ARGUMENT', /curriculum.from must be two integers.*got undefined/],
    [{tasks: slopes, curriculum: {from: [5, 500]}}, 'INVALID_ARGUMENT', /curriculum.from must not be longer than horizons, got \[5, 500\]/],
    [{tasks: slopes, curriculum: {from: [5, 5], over: 0}}, 'INVALID_ARGUMENT', /curriculum.over must be a number > 0 and ≤ 1, got 0/],
    [{tasks: slopes, curriculum: {stages: [[5, 5], 7]}}, 'INVALID_ARGUMENT', /curriculum.stages\[1\] must be two integers/],
    [{tasks: slopes, imitation: {wieght: 1}}, 'UNKNOWN_OPTION', /Did you mean 'weight'/],
    [{tasks: slopes, imitation: {weight: 0}}, 'INVALID_ARGUMENT', /imitation.weight must be a number > 0, got 0/],
    [{tasks: slopes, imitation: {over: 2}}, 'INVALID_ARGUMENT', /imitation.over must be a number > 0 and ≤ 1, got 2/],
    [{tasks: slopes, regularizeAt: [1]}, 'INVALID_ARGUMENT', /regularizeAt must come with a regularizer/],
    [{tasks: slopes, regularizer: {measure: 'sharpnes', strength: 1}}, 'INVALID_ARGUMENT', /measure must be .*'sharpness', got 'sharpnes'/],
    [{tasks: slopes, regularizer: {measure: 'sharpness'}}, 'INVALID_ARGUMENT', /strength must be a number/],
    [{tasks: slopes, regularizer: {measure: 'sharpness', strength: 1, radus: 1}}, 'UNKNOWN_OPTION', /Did you mean 'radius'/],
    [{tasks: slopes, regularizer: {measure: 'sharpness', strength: 1}, regularizeAt: [0]}, 'INVALID_ARGUMENT', /regularizeAt\[0\] must be a number > 0 and ≤ 1, got 0/],
    [{tasks: MODULE, regularizer: parameterNorm(1), workers: 1}, 'INVALID_ARGUMENT', /measure must be/],
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
    it(`refuses ${Object.entries(options).map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`).join(', ').slice(0, 120)}`, async () => {
      const error = await l2oFailure(metaFit(options as MetaFitOptions));
      expect(error.code).to.equal(code);
      expect(error.message).to.match(message);
    });
  }
});
