import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect} from 'chai';
import {evaluate, L2OError} from '../../src/index.js';
import {failure} from '../support/failure.js';
import {timeless} from './timeless.js';
import toy from './toy-suite.js';

const FEW = {baselines: ['sgdMomentum'], numSeeds: 2, numTuningSeeds: 1, sensitivity: false} as const;
const moduleOf = (name: string): URL => new URL(`./${name}.ts`, import.meta.url);

describe('evaluate in workers', () => {
  it('gives the same with no worker, one and two', async () => {
    const options = {...FEW, tasks: ['bowl', 'network'], peers: [moduleOf('peer')]};
    const here = timeless(await evaluate({...options, suite: toy}));
    for (const workers of [1, 2]) expect(timeless(await evaluate({...options, suite: moduleOf('toy-suite'), workers}))).to.deep.equal(here);
  });

  it('tells which task breaks its contract, as in this thread', async () => {
    for (const workers of [0, 1]) {
      expect(await failure(evaluate({...FEW, suite: moduleOf('broken-suite'), workers}))).to.be.instanceOf(L2OError)
        .with.property('message').that.matches(/^task family 'broken', task seed \d+, step 0: expected the loss to be a scalar/);
    }
  });

  it('keeps the runs that are in flight when it is to stop, and then ends', async () => {
    const stop = new AbortController(), folder = mkdtempSync(join(tmpdir(), 'evaluate-workers-'));
    const options = {...FEW, suite: moduleOf('plain-suite'), workers: 2, cacheDir: folder};
    const part = await evaluate({...options, signal: stop.signal, onProgress: () => stop.abort()});
    expect(part).to.deep.include({numTasks: 0, unfinished: ['two valleys']});
    expect(part.cost.numRuns).to.be.within(1, 3);
    expect(readdirSync(folder, {recursive: true, encoding: 'utf8'}).filter(path => path.endsWith('.json'))).to.have.length(part.cost.numRuns);
    rmSync(folder, {recursive: true});
  });

  it('replaces a worker that dies, and gives up where each dies', async () => {
    expect(await failure(evaluate({...FEW, suite: moduleOf('deadly-suite'), workers: 1}))).to.be.instanceOf(L2OError)
      .with.property('message').that.matches(/got 3 deaths in a row at the same run/);
  });
});
