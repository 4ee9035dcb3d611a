import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {metaFit} from '../../src/meta/meta-fit.js';
import type {MetaFitOptions} from '../../src/meta/meta-fit-options.js';
import {mlpClassificationFamily} from '../../src/tasks/families/mlp-classification.js';
import {l2oFailure} from '../support/failure.js';

const RUINOUS: MetaFitOptions = {
  tasks: mlpClassificationFamily({numExamples: 60, width: 6, depth: 1, batchSize: 8}), initialTheta: 'untrained', numOuterSteps: 4, numPairs: 1,
  horizons: [10, 10], validateEvery: 1, checkpointEvery: 2, numHeldOut: 2, learningRate: 20,
};

describe("metaFit's option keep", () => {
  it("gives the last theta with 'last', where the best is an earlier one", async () => {
    const best = await metaFit(RUINOUS), last = await metaFit({...RUINOUS, keep: 'last'});
    expect(best.best.outerStep, 'a rate that ruins theta').to.be.below(4);
    expect(last.best).to.deep.equal({outerStep: 4, heldOut: last.history.at(-1)!.heldOut});
    expect(last.best.heldOut).to.be.above(best.best.heldOut);
    expect(last.history, 'the training itself is the same').to.deep.equal(best.history);
    expect(last.theta.values).to.not.deep.equal(best.theta.values);
  });

  it('gives the same last theta after a stop and a resume', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tfjs-l2o-keep-')), stop = new AbortController();
    try {
      const run: MetaFitOptions = {...RUINOUS, keep: 'last', checkpointDir: folder};
      const half = await metaFit({...run, signal: stop.signal, onProgress: ({outerStep}) => outerStep === 2 && stop.abort()}), whole = await metaFit(run);
      expect(half.stopped).to.equal('aborted');
      expect(half.best.outerStep).to.equal(2);
      expect(whole.theta.hash).to.equal((await metaFit({...RUINOUS, keep: 'last'})).theta.hash);
    } finally {
      rmSync(folder, {recursive: true});
    }
  });

  for (const [options, message] of [
    [{keep: 'first'}, /keep must be 'best' or 'last', got 'first'/],
    [{keep: 'last', patience: 3}, /keep must be 'best' with patience or a curriculum in stages, got 'last'/],
    [{keep: 'last', curriculum: {stages: [[5, 5]]}}, /keep must be 'best' with patience or a curriculum in stages/],
  ] as const) {
    it(`refuses ${JSON.stringify(options)}`, async () => {
      const {numTensors} = tf.memory(), error = await l2oFailure(metaFit({...RUINOUS, ...options} as MetaFitOptions));
      expect(error.code).to.equal('INVALID_ARGUMENT');
      expect(error.message).to.match(message);
      expect(tf.memory().numTensors).to.equal(numTensors);
    });
  }
});
