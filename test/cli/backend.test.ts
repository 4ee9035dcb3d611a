import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {importOptional, useBackend} from '../../src/cli/backend.js';

describe('useBackend', () => {
  let before = '';
  let wasProduction = false;
  beforeEach(() => {
    before = tf.getBackend();
    wasProduction = tf.env().getBool('PROD');
  });
  afterEach(async () => {
    tf.env().set('PROD', wasProduction);
    await tf.setBackend(before);
  });

  it('starts the backend that is asked for', async () => {
    for (const name of ['cpu', 'wasm'] as const) {
      expect(await useBackend(name)).to.deep.equal({name, notice: undefined});
      expect(tf.getBackend()).to.equal(name);
      expect([...(await tf.add(tf.tensor1d([1, 2]), 1).data())]).to.deep.equal([2, 3]);
    }
  });

  it('prefers wasm, and says why', async () => {
    const {name, notice} = await useBackend(undefined);
    expect(name).to.equal('wasm');
    expect(notice).to.be.a('string');
  });

  it('tells a package that is missing from one that fails', async () => {
    expect(await importOptional('@tensorflow/no-such-backend')).to.equal(undefined);
    expect(await importOptional('node:path')).to.have.property('join');
    let failure: unknown;
    await importOptional('data:text/javascript,import "no-such-package"').catch((error: unknown) => failure = error);
    expect(failure).to.be.an('error');
  });
});
