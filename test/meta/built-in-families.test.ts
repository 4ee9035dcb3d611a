import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {metaFit} from '../../src/meta/meta-fit.js';
import {OpsRollout} from '../../src/rollout/ops-rollout.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';
import {useBackend} from '../support/backends.js';
import builtIn, {networks} from './families/built-in.js';
import {RUN} from './run-options.js';

const MODULE = new URL('./families/built-in.ts', import.meta.url);

/** How many rollouts run by tf ops while `f` does. */
async function opsRollouts(f: () => Promise<unknown>): Promise<number> {
  const original = Object.getOwnPropertyDescriptor(OpsRollout.prototype, 'run')!, run = original.value as OpsRollout['run'], seen = new Set<OpsRollout>();
  const value = function (this: OpsRollout, ...args: Parameters<OpsRollout['run']>): number {
    seen.add(this);
    return run.apply(this, args);
  };
  Object.defineProperty(OpsRollout.prototype, 'run', {...original, value});
  try {
    await f();
  } finally {
    Object.defineProperty(OpsRollout.prototype, 'run', original);
  }
  return seen.size;
}

describe('metaFit on built-in families', () => {
  before(() => useBackend('cpu'));

  it('gives the same theta and history, bit for bit, with 0, 1 and 4 workers', async () => {
    const results = [await metaFit({...RUN, tasks: builtIn})];
    for (const workers of [1, 4]) results.push(await metaFit({...RUN, tasks: MODULE, workers}));
    for (const {theta, history} of results) {
      expect(theta.hash).to.equal(results[0]!.theta.hash);
      expect(history).to.deep.equal(results[0]!.history);
    }
  });

  it('goes on from a checkpoint bit for bit, late gradients among them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tfjs-l2o-built-in-'));
    try {
      const whole = await metaFit({...RUN, tasks: MODULE}), stop = new AbortController();
      await metaFit({...RUN, tasks: MODULE, checkpointDir: folder, signal: stop.signal, onProgress: p => p.outerStep === 5 && stop.abort()});
      const resumed = await metaFit({...RUN, tasks: MODULE, checkpointDir: folder, workers: 2});
      expect(resumed.theta.hash).to.equal(whole.theta.hash);
      expect(resumed.history).to.deep.equal(whole.history);
    } finally {
      rmSync(folder, {recursive: true});
    }
  });

  it('runs tasks that have a compiled form in the engine, and only those', async () => {
    const copies: TaskFamily = {name: networks.name, sample: random => ({...networks.sample(random)})};
    const numTensors = tf.memory().numTensors;
    expect(await opsRollouts(() => metaFit({...RUN, tasks: networks}))).to.equal(0);
    expect(await opsRollouts(() => metaFit({...RUN, tasks: copies}))).to.be.above(6);
    expect(await opsRollouts(() => metaFit({...RUN, tasks: builtIn}))).to.be.above(0);
    expect(tf.memory().numTensors).to.equal(numTensors);
  });

  it('scores alike in both engines', async () => {
    const copies: TaskFamily = {name: networks.name, sample: random => ({...networks.sample(random)})};
    const run = {...RUN, numOuterSteps: 2, numHeldOut: 8}, ours = await metaFit({...run, tasks: networks}), theirs = await metaFit({...run, tasks: copies});
    expect(ours.history[0]!.heldOut).to.be.closeTo(theirs.history[0]!.heldOut!, 1e-3);
  });
});
