import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {evaluate, L2OError, type EvaluateOptions, type EvaluateProgress, type Suite} from '../../src/index.js';
import {initialTheta} from '../../src/rules/tensor-lstm/initial-theta.js';
import {Random} from '../../src/random.js';
import {timeless} from './timeless.js';
import toy from './toy-suite.js';

const TOY = new URL('./toy-suite.ts', import.meta.url), PEER = new URL('./peer.ts', import.meta.url), MISSING = new URL('./missing-peer.ts', import.meta.url);
const QUICK = {baselines: ['adam', 'adamCosine'], numSeeds: 2, numTuningSeeds: 1, sensitivity: false} as const;
const ONE = {...QUICK, suite: toy, tasks: ['bowl'], baselines: ['sgdMomentum']} as const;

describe('evaluate', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'evaluate-'))));
  afterEach(() => rmSync(folder, {recursive: true}));
  const cached = (): string[] => readdirSync(folder, {recursive: true, withFileTypes: true}).filter(f => f.isFile()).map(f => join(f.parentPath, f.name));

  it('judges ours beside tuned baselines, default Adam and peers, on every task', async () => {
    const before = tf.memory().numTensors;
    const result = await evaluate({...QUICK, suite: toy, tasks: ['bowl', 'network'], baselines: ['adam'], peers: [PEER, MISSING], sensitivity: true, recipe: 'abc'});
    expect(tf.memory().numTensors).to.equal(before);
    expect(result).to.deep.include({suite: 'toy', numTasks: 2, numSeeds: 2, complete: false, unfinished: ['logistic'], recipe: 'abc'});
    expect(result.missing).to.deep.equal([{name: 'celo', reason: 'its weights are not at hand.'}]);
    expect(Object.keys(result.speedup)).to.deep.equal(['adam', 'falling', 'adamDefault']);
    for (const summary of Object.values(result.speedup)) {
      expect(summary!.low).to.be.at.least(0.25).and.at.most(summary!.iqm);
      expect(summary!.high).to.be.at.most(4).and.at.least(summary!.iqm);
    }
    expect(result.noWorseThanAdam).to.be.within(0, 1);
    expect(result.noWorseAsTuned.adam).to.equal(result.tasks.filter(t => t.comparisons.adam!.noWorseAsTuned).length / result.numTasks);
    expect(result.sensitivity).to.have.keys('adam', 'falling');
    expect(result.divergedByPlan).to.have.keys('right', 'half', 'double', 'omitted');
    expect(result.divergedByPlan.right!.numRuns).to.equal(2 * 2 * 3);
    expect(result.divergedByPlan.right!.diverged).to.be.within(result.diverged.learned!, 3 * result.diverged.learned!);
    expect(result.divergedByPlan.omitted!.numRuns).to.be.within(2 * 2, 2 * 2 * 3);
    const [bowl, network] = result.tasks;
    expect(bowl!.optimizers).to.have.keys('learned', 'adam', 'falling', 'adamDefault');
    expect(bowl!.optimizers.learned!.curve.steps).to.include.members([0, 40]);
    expect(bowl!.optimizers.learned!.trainLosses).to.have.length(2);
    expect(bowl!.optimizers.learned!.validationAccuracy).to.equal(null);
    expect(network!.optimizers.learned!.validationAccuracy).to.be.within(0, 1);
    expect(bowl!.optimizers.adam!.tuning!.rates).to.have.length(5);
    // Tuned Adam has a higher rate than the default on forty steps, and is better for it.
    expect(bowl!.optimizers.adam!.trainLoss!).to.be.below(bowl!.optimizers.adamDefault!.trainLoss!);
    expect(bowl!.comparisons.adamDefault!.speedup).to.be.above(1);
    expect(result.cost.innerSteps).to.be.above(result.cost.tuningSteps.adam!);
    expect(JSON.parse(JSON.stringify(result))).to.deep.equal(result);
  });

  it('makes no run again that the cache has, damaged ones alone, and says so', async () => {
    const first = await evaluate({...ONE, cacheDir: folder}), {numRuns} = first.cost;
    expect(first.cost.cachedRuns).to.equal(0);
    expect(cached()).to.have.length(numRuns);
    const second = await evaluate({...ONE, cacheDir: folder});
    expect(second.cost.cachedRuns).to.equal(numRuns);
    expect(timeless(second)).to.deep.equal(timeless(first));
    // What was measured the first time.
    expect(second.cost.runSeconds).to.be.closeTo(first.cost.runSeconds, 1e-9);
    cached().slice(0, 3).forEach(file => writeFileSync(file, 'damaged'));
    const third = await evaluate({...ONE, cacheDir: folder});
    expect(third.cost.cachedRuns).to.equal(numRuns - 3);
    expect(timeless(third)).to.deep.equal(timeless(first));
  });

  it('makes runs of ours again for another theta, and those of others not', async () => {
    const first = await evaluate({...ONE, cacheDir: folder}), other = initialTheta(new Random(1), {step: 0.01, guard: 2});
    const second = await evaluate({...ONE, cacheDir: folder, theta: other});
    expect(second.theta.hash).not.to.equal(first.theta.hash);
    // Two seeds at T, 2T and 4T.
    expect(second.cost.numRuns - second.cost.cachedRuns).to.equal(6);
    expect(second.tasks[0]!.optimizers.sgdMomentum).to.deep.equal(first.tasks[0]!.optimizers.sgdMomentum);
  });

  it('makes all runs again of a task with another version, and none of its neighbours', async () => {
    const options = {...ONE, tasks: ['bowl', 'logistic'], cacheDir: folder}, first = await evaluate(options);
    const changed: Suite = {...toy, tasks: toy.tasks.map(task => (task.name === 'bowl' ? {...task, version: 2} : task))};
    const second = await evaluate({...options, suite: changed}), again = second.cost.numRuns - second.cost.cachedRuns;
    expect(again).to.be.within(1, first.cost.numRuns - 1);
    expect(second.tasks).to.deep.equal(first.tasks.map((task, i) => ({...task, ...i === 0 && {optimizers: second.tasks[0]!.optimizers}})));
  });

  it('stops at a signal with the tasks that are done, and goes on from the cache to the same result', async () => {
    const whole = await evaluate({...QUICK, suite: toy, baselines: ['sgdMomentum']}), stop = new AbortController(), seen: EvaluateProgress[] = [];
    const options: EvaluateOptions = {...QUICK, suite: toy, baselines: ['sgdMomentum'], cacheDir: folder};
    const part = await evaluate({...options, signal: stop.signal, onProgress: p => {
      seen.push(p);
      if (p.tasksDone === 1) stop.abort();
    }});
    expect(part).to.deep.include({numTasks: 1, complete: false, unfinished: ['logistic', 'network']});
    expect(part.tasks.map(({name}) => name)).to.deep.equal(['bowl']);
    const rest = await evaluate(options);
    expect(rest.cost.cachedRuns).to.be.at.least(part.cost.numRuns);
    expect(timeless(rest)).to.deep.equal(timeless(whole));
    seen.slice(1).forEach((p, i) => expect(p.stepsDone).to.be.at.least(seen[i]!.stepsDone));
    expect(seen.every(p => p.stepsDone <= p.stepsTotal && p.numTasks === 3)).to.equal(true);
  });

  it('begins no run after the limit, and then has figures of no task', async () => {
    const result = await evaluate({...QUICK, suite: toy, limitMinutes: 1e-9});
    expect(result).to.deep.include({numTasks: 0, complete: false, noWorseThanAdam: null, sensitivity: null, divergedRuns: 0});
    expect(result.speedup).to.deep.equal({adam: null, adamCosine: null, adamDefault: null});
    expect(result.cost.numRuns).to.equal(0);
  });

  it('counts runs that diverge, whose losses are null', async () => {
    const task = {...toy.tasks[0]!, name: 'cliff', family: {
      name: 'cliff',
      // Anything that moves falls off: the loss is infinite for all but the start.
      sample: () => ({
        init: () => ({w: tf.zeros([2])}),
        loss: ({w}: tf.NamedTensorMap) => tf.sum<tf.Scalar>(tf.mul(tf.exp(tf.mul(tf.abs(w!), 1e6)), tf.sub(1, w!))),
        *batches() { for (;;) yield undefined; },
      }),
    }};
    const result = await evaluate({...QUICK, suite: {name: 'cliffs', tasks: [task]}, baselines: ['sgdMomentum']});
    expect(result.diverged.learned).to.equal(2);
    expect(result.tasks[0]!.optimizers.learned!.trainLoss).to.equal(null);
  });

  const {tasks: [bowl]} = toy;
  const WRONG: Readonly<Record<string, readonly [options: object, message: RegExp, code?: string]>> = {
    'no options': [undefined as unknown as object, /evaluate: options must be an object/],
    'an unknown option': [{suite: toy, seeds: 3}, /got 'seeds'/, 'UNKNOWN_OPTION'],
    'no suite': [{}, /suite must be a suite, or URL or path/],
    'a suite as an object with workers': [{suite: toy, workers: 1}, /Functions do not cross to a worker/],
    'a module that is not there': [{suite: '/nowhere/suite.js'}, /expected 'file:\/\/\/nowhere\/suite\.js' to be a module of a suite/],
    'a module without a suite': [{suite: fileURLToPath(new URL('./peer.ts', import.meta.url))}, /expected a suite with a name and at least one task/],
    'an empty suite': [{suite: {name: 'none', tasks: []}}, /at least one task/],
    'two tasks of one name': [{suite: {name: 'twins', tasks: [bowl, bowl]}}, /task 'bowl': expected a name of its own/],
    'a task without data set': [{suite: {name: 's', tasks: [{...bowl, dataset: undefined}]}}, /expected dataset to be a string/],
    'a task without a family': [{suite: {name: 's', tasks: [{...bowl, family: {}}]}}, /expected family to be a task family/],
    'a task of too few steps': [{suite: {name: 's', tasks: [{...bowl, steps: 19}]}}, /steps to be an integer ≥ 20, got 19/],
    'a task with no batches': [{suite: {name: 's', tasks: [{...bowl, trainBatches: 0}]}}, /trainBatches to be an integer ≥ 1, got 0/],
    'an unknown task': [{suite: toy, tasks: ['bowls']}, /expected tasks of the suite, got 'bowls'. It has: bowl, logistic, network/],
    'an unknown baseline': [{suite: toy, baselines: ['adamax']}, /each of baselines must be 'adam' or/],
    'a peer that is none': [{suite: toy, peers: [TOY]}, /to export a peer by default/],
    'no seeds': [{suite: toy, numSeeds: 0}, /numSeeds must be an integer ≥ 1/],
    'a negative limit': [{suite: toy, limitMinutes: -1}, /limitMinutes must be a number > 0/],
    'a theta of another size': [{suite: toy, theta: new Float32Array(3)}, /weights of .*, got 3/, 'INVALID_THETA'],
  };
  for (const [what, [options, message, code = 'INVALID_ARGUMENT']] of Object.entries(WRONG)) {
    it(`refuses ${what}`, async () => {
      const error: unknown = await evaluate(options as EvaluateOptions).catch((e: unknown) => e);
      expect(error).to.be.instanceOf(L2OError).with.property('code', code);
      expect((error as Error).message).to.match(message);
    });
  }
});
