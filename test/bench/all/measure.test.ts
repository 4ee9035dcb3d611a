import '@tensorflow/tfjs-layers';
import {memory, setBackend} from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {spawnSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {measureAll} from '../../../bench/all/measure.js';
import type {BenchResults} from '../../../bench/all/results.js';
import {measureModel} from '../../../bench/measures/model-step.js';
import {MODELS, type ModelName} from '../../../bench/measures/models.js';
import {stateSizes} from '../../../src/kernel/state-sizes.js';
import {THETA_SIZE} from '../../../src/rules/tensor-lstm/spec.js';
import {useBackend} from '../../support/backends.js';

const QUICK = {seconds: 0, minRounds: 1};
/** Keys of a row as `bench:step` prints it, in order. */
const STEP_KEYS = ['backend', 'numParams', 'numVariables', 'nsPerParam', 'adamNsPerParam', 'ratio'];

describe('the bench of all backends', () => {
  let results: BenchResults, messages: string[];
  before(async () => {
    const tensors = memory().numTensors;
    messages = [];
    results = await measureAll({
      parts: ['step', 'memory', 'start'], places: ['wasm', 'webgl'], seconds: 0, minRounds: 1, maxParams: 10_000, onProgress: message => messages.push(message),
    });
    expect(memory().numTensors).to.equal(tensors);
  });
  after(() => setBackend('cpu'));

  it('measures steps here and in a page, in the rows of bench:step', () => {
    expect(results.rows.map(({backend, numParams, numVariables}) => [backend, numParams, numVariables])).to.deep.equal(
      ['wasm', 'webgl'].flatMap(backend => [[backend, 10_000, 1], [backend, 10_000, 50]]));
    for (const row of results.rows) {
      expect(Object.keys(row)).to.include.members(STEP_KEYS);
      expect(row.turns).to.equal(1);
      expect(row.ratio).to.be.closeTo(row.nsPerParam / row.adamNsPerParam, 1e-3 + 0.02 * row.ratio);
      expect(row.sgdNsPerParam).to.be.greaterThan(0);
    }
  });

  it('measures the start in new processes and pages', () => {
    expect(results.start.map(({backend, runs}) => [backend, runs])).to.deep.equal([['wasm', 1], ['webgl', 1]]);
    for (const {firstStepMs, adamFirstStepMs, constructionMs} of results.start) expect(Math.min(firstStepMs, adamFirstStepMs, constructionMs)).to.be.greaterThan(0);
  });

  it('says with what it was measured, what was left out, and what it is doing', () => {
    expect(results).to.include({node: process.version, device: 'SwiftShader', seconds: 0});
    expect(results.browser).to.match(/^\d+\./);
    expect(results.leftOut.map(({part}) => part)).to.deep.equal(['step', 'memory']);
    expect(messages.slice(0, 2)).to.deep.equal(['wasm: memory', 'wasm: start']);
    expect(messages).to.include('webgl: step of 10000 parameters in 50');
  });

  it('measures the memory of each optimizer', async () => {
    const size = {parts: ['memory'], places: ['wasm'], seconds: 0, minRounds: 1, maxParams: 100_000, onProgress: () => undefined} as const;
    const {memory: rows} = await measureAll(size), {parameter, tensor, optimizer} = stateSizes('tensor-lstm');
    expect(rows.map(row => row.optimizer)).to.deep.equal(['learned', 'adam', 'sgd']);
    const [learned, adam, sgd] = rows as [typeof rows[0], typeof rows[0], typeof rows[0]];
    // What all variables share besides: the iteration, and what the optimizer is made of.
    expect(1e5 * (learned.stateFloatsPerParam - parameter)).to.be.within(50 * tensor + optimizer + THETA_SIZE - 50, 50 * tensor + optimizer + THETA_SIZE + 150);
    expect([adam.stateFloatsPerParam, adam.tensorFloatsPerParam, sgd.stateFloatsPerParam]).to.deep.equal([2, 2, 0]);
    for (const {tensorGrowthPerStep, wasmGrowthPerStep, heapGrowthPerStep} of rows) {
      expect([tensorGrowthPerStep, wasmGrowthPerStep]).to.deep.equal([0, 0]);
      expect(heapGrowthPerStep).to.be.a('number');
    }
  });

  for (const name of ['mlp', 'conv'] as const satisfies readonly ModelName[]) {
    it(`measures whole training steps: ${MODELS[name].title}`, async () => {
      await useBackend('wasm');
      const row = await measureModel(name, QUICK);
      expect(row).to.include({model: name, turns: 1});
      expect(row.ratio).to.be.closeTo(row.msPerStep / row.adamMsPerStep, 0.01 * row.ratio);
      expect(row.ratioToSgd).to.be.closeTo(row.msPerStep / row.sgdMsPerStep, 0.01 * row.ratioToSgd);
    });
  }

  it('leaves bench:step as it is', () => {
    const script = fileURLToPath(new URL('../../../bench/step.ts', import.meta.url));
    const {stdout, status} = spawnSync(process.execPath, ['--import', 'tsx', script, '--backend', 'wasm', '--seconds', '0'], {encoding: 'utf8'});
    expect(status).to.equal(0);
    const printed = JSON.parse(stdout) as {rows: object[]};
    expect(Object.keys(printed)).to.deep.equal(['node', 'tfjs', 'rows']);
    expect(printed.rows.map(row => Object.keys(row))).to.deep.equal([STEP_KEYS, STEP_KEYS, STEP_KEYS]);
  });
});
