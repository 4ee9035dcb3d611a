import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {readdirSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {learnedOptimizer, loadOptimizer, loadTheta, saveTheta, type LearnedOptimizer} from '../../src/index.js';
import {thetaToArtifacts} from '../../src/theta/artifacts.js';
import {defaultTheta} from '../../src/theta/default-theta.js';
import {encodeTheta} from '../../src/theta/theta-file.js';
import {mlp} from '../contract/tasks.js';
import {useBackend} from '../support/backends.js';
import {expectError, expectSaved, localServer, memoryHandler, nearbyTheta, RECIPE, temporaryFolder} from './theta-io-fixtures.js';

const theta = nearbyTheta(1);

describe('saveTheta and loadTheta', () => {
  const folder = temporaryFolder(), server = localServer();
  let tensors = 0;
  beforeEach(() => {
    tensors = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).to.equal(tensors));

  /** Serves a folder as it is; addresses have a query, as signed ones do. */
  function serve(name: string): void {
    for (const file of readdirSync(join(folder(), name))) {
      server.answers.set(`/${name}/${file}?key=1`, (_, response) => response.end(readFileSync(join(folder(), name, file))));
    }
  }

  describe('give back what was saved', () => {
    it('as a path to one file', async () => {
      const path = join(folder(), 'mine.safetensors');
      await saveTheta(theta, path, RECIPE);
      expect(readdirSync(folder())).to.deep.equal(['mine.safetensors']);
      expectSaved(await loadTheta(path), theta, RECIPE);
    });

    it('as the file:// URL of one file', async () => {
      const url = `file://${folder()}/mine.SafeTensors`;
      await saveTheta(theta, url, RECIPE);
      expectSaved(await loadTheta(url), theta, RECIPE);
    });

    it('as the file:// URL of a folder, which is made, and of its model.json', async () => {
      const url = `file://${folder()}/a/b c/mine`;
      await saveTheta(theta, url, RECIPE);
      expect(readdirSync(join(folder(), 'a/b c/mine'))).to.have.members(['model.json', `weights-${theta.hash}.bin`]);
      expectSaved(await loadTheta(url), theta, RECIPE);
      expectSaved(await loadTheta(`${url}/model.json`), theta, RECIPE);
    });

    it('as URL objects, whose escapes are undone', async () => {
      for (const name of ['my optimizer', 'my optimizer.safetensors']) {
        const url = pathToFileURL(join(folder(), name));
        await saveTheta(theta, url, RECIPE);
        expectSaved(await loadTheta(url), theta, RECIPE);
      }
      expect(readdirSync(folder())).to.have.members(['my optimizer', 'my optimizer.safetensors']);
    });

    it('through tf.io.withSaveHandler and tf.io.fromMemory', async () => {
      let artifacts: tf.io.ModelArtifacts | undefined;
      await saveTheta(theta, tf.io.withSaveHandler(given => {
        artifacts = given;
        return Promise.resolve({modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}});
      }), RECIPE);
      expectSaved(await loadTheta(tf.io.fromMemory(artifacts!)), theta, RECIPE);
    });

    it('through a handler of one\'s own, and one that splits the weights or streams them', async () => {
      const handler = memoryHandler();
      await saveTheta(theta, handler, RECIPE);
      expectSaved(await loadTheta(handler), theta, RECIPE);
      const {weightData, ...rest} = handler.artifacts!, whole = weightData as ArrayBuffer;
      const parts = [whole.slice(0, 9), new Uint8Array(whole, 9, 1000), whole.slice(1009)] as ArrayBuffer[];
      expectSaved(await loadTheta({load: () => Promise.resolve({...rest, weightData: parts})}), theta, RECIPE);
      const getWeightStream = (): ReadableStream<ArrayBuffer> => new Blob(parts).stream() as unknown as ReadableStream<ArrayBuffer>;
      expectSaved(await loadTheta({load: () => Promise.resolve({...rest, getWeightStream})}), theta, RECIPE);
    });

    it('through a URL that a router of TF.js knows', async () => {
      const handler = memoryHandler(), router: Parameters<typeof tf.io.registerLoadRouter>[0] = url => (url === 'l2o-test://mine' ? handler : null) as tf.io.IOHandler;
      tf.io.registerSaveRouter(router);
      tf.io.registerLoadRouter(router);
      await saveTheta(theta, 'l2o-test://mine', RECIPE);
      expectSaved(await loadTheta('l2o-test://mine'), theta, RECIPE);
    });

    it('as bytes, those of a Node Buffer that shares its memory included', async () => {
      const bytes = encodeTheta(theta, RECIPE), shared = Buffer.alloc(bytes.length + 24).subarray(13, 13 + bytes.length);
      shared.set(bytes);
      expectSaved(await loadTheta(bytes), theta, RECIPE);
      expectSaved(await loadTheta(shared), theta, RECIPE);
    });

    it('over http, from a folder and from one file, with the query of the address', async () => {
      await saveTheta(theta, `file://${folder()}/served`, RECIPE);
      await saveTheta(theta, join(folder(), 'served', 'one.safetensors'), RECIPE);
      serve('served');
      expectSaved(await loadTheta(server.url('/served/model.json?key=1')), theta, RECIPE);
      expectSaved(await loadTheta(new URL(server.url('/served/one.safetensors?key=1'))), theta, RECIPE);
    });

    it('over http, from what TF.js sent to the server', async () => {
      server.answers.set('/upload', (request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
          const form = new Response(Buffer.concat(chunks), {headers: {'content-type': request.headers['content-type']!}}).formData();
          void form.then(async entries => {
            for (const name of ['model.json', 'model.weights.bin']) {
              const bytes = new Uint8Array(await (entries.get(name) as File).arrayBuffer());
              server.answers.set(`/stored/${name}`, (_, stored) => stored.end(bytes));
            }
            response.end();
          });
        });
      });
      await saveTheta(theta, server.url('/upload'), RECIPE);
      expectSaved(await loadTheta(server.url('/stored/model.json')), theta, RECIPE);
    });

    it('without metadata', async () => {
      await saveTheta(theta, `file://${folder()}/mine`);
      expectSaved(await loadTheta(`file://${folder()}/mine`), theta, {});
    });

    it('from the moment of the call, whatever the caller does to it meanwhile', async () => {
      for (const target of [join(folder(), 'mine.safetensors'), `file://${folder()}/mine`, memoryHandler()]) {
        const mine = {...theta, values: theta.values.slice()}, metadata: Record<string, string> = {...RECIPE};
        const saved = saveTheta(mine, target, metadata);
        mine.values.fill(0);
        mine.hash = '';
        metadata.recipe = 'changed';
        await saved;
        expectSaved(await loadTheta(target), theta, RECIPE);
      }
    });

    it('to and from the files of tfjs-node', async () => {
      await useBackend('node');
      await useBackend('cpu');
      const {fileSystem} = (createRequire(import.meta.url)('@tensorflow/tfjs-node') as {io: {fileSystem: (path: string) => tf.io.IOHandler}}).io;
      await saveTheta(theta, `file://${folder()}/ours`, RECIPE);
      expectSaved(await loadTheta(fileSystem(join(folder(), 'ours', 'model.json'))), theta, RECIPE);
      await saveTheta(theta, fileSystem(join(folder(), 'theirs')), RECIPE);
      expectSaved(await loadTheta(`file://${folder()}/theirs`), theta, RECIPE);
    });
  });

  describe('refuse', () => {
    for (const [title, target] of [
      ['undefined', undefined], ['a number', 7], ['an empty path', ''], ['a file:// without a path', 'file://'], ['a list', ['file://a', 'file://b']],
      ['an object without save and load', {}], ['a scheme that nobody knows', 'nowhere://mine'],
      ['what works in browsers only', 'indexeddb://mine'], ['local storage, in Node', 'localstorage://mine'],
    ] as const) {
      it(title, async () => {
        await expectError(saveTheta(theta, target as string), 'INVALID_ARGUMENT', /^saveTheta: expected a URL .* got /);
        await expectError(loadTheta(target as string), 'INVALID_ARGUMENT', /^loadTheta: expected a URL .* got /);
      });
    }

    it('a path that does not say whether it is a file or a folder', async () => {
      await expectError(saveTheta(theta, join(folder(), 'mine')), 'INVALID_ARGUMENT', /\.safetensors.*Write 'file:\/\//);
      expect(readdirSync(folder())).to.deep.equal([]);
    });

    for (const [title, metadata, message] of [
      ['a number', 7, /plain object/], ['a Map', new Map([['a', 'b']]), /plain object/], ['a list', ['a'], /plain object/],
      ['a value that is no string', {seed: 7}, /got a number as 'seed'/], ['a name of the file\'s own', {rule: 'x'}, /got 'rule'/],
      ['more than 65,536 bytes', {recipe: 'ü'.repeat(33_000)}, /at most 65536 bytes as JSON, got 66013/],
    ] as const) {
      it(`metadata that is ${title}`, async () => {
        await expectError(saveTheta(theta, `file://${folder()}/mine`, metadata as Record<string, string>), 'INVALID_ARGUMENT', message);
        expect(readdirSync(folder())).to.deep.equal([]);
      });
    }

    it('a theta that is damaged before it is written', async () => {
      const values = theta.values.slice();
      values[5] = NaN;
      await expectError(saveTheta({...theta, values}, `file://${folder()}/mine`), 'INVALID_THETA', /weight 5 is NaN/);
      await expectError(saveTheta({...theta, hash: '0'}, `file://${folder()}/mine`), 'INVALID_THETA', /hash/);
      await expectError(saveTheta({values: theta.values} as typeof theta, `file://${folder()}/mine`), 'INVALID_THETA', /rule among 'tensor-lstm', .*, got 'undefined'/);
      await expectError(saveTheta(undefined as unknown as typeof theta, `file://${folder()}/mine`), 'INVALID_THETA', /got undefined/);
      expect(readdirSync(folder())).to.deep.equal([]);
    });

    it('what a handler will not do, with its own error as the cause', async () => {
      const cause = new Error('quota'), failing: tf.io.IOHandler = {save: () => Promise.reject(cause), load: () => Promise.reject(cause)};
      expect(await expectError(saveTheta(theta, failing), 'ENVIRONMENT', /quota/)).to.have.property('cause', cause);
      expect(await expectError(loadTheta(failing), 'ENVIRONMENT', /quota/)).to.have.property('cause', cause);
      const info: tf.io.SaveResult = {modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}, errors: ['half of it']};
      await expectError(saveTheta(theta, {save: () => Promise.resolve(info)}), 'ENVIRONMENT', /half of it/);
      await expectError(saveTheta(theta, server.url('/nowhere')), 'ENVIRONMENT', /404/);
    });
  });

  it('take metadata up to the limit', async () => {
    const metadata = {recipe: 'x'.repeat(65_536 - '{"recipe":""}'.length)};
    for (const target of [join(folder(), 'mine.safetensors'), `file://${folder()}/mine`]) {
      await saveTheta(theta, target, metadata);
      expectSaved(await loadTheta(target), theta, metadata);
    }
  });
});

describe('in a browser, as far as Node can play one,', () => {
  const server = localServer(), flags = ['IS_NODE', 'IS_BROWSER'] as const;
  const before = flags.map(name => tf.env().getBool(name)), {fetch} = globalThis;
  beforeEach(() => {
    tf.env().set('IS_NODE', false);
    tf.env().set('IS_BROWSER', true);
    const entries = new Map<string, string>();
    const localStorage = {
      getItem: (key: string) => entries.get(key) ?? null, setItem: (key: string, value: string) => void entries.set(key, value), removeItem: (key: string) => void entries.delete(key),
    };
    Object.assign(globalThis, {window: {localStorage}, fetch: (url: string) => fetch(new URL(url, server.url('/page/')))});
  });
  afterEach(() => {
    flags.forEach((name, i) => tf.env().set(name, before[i]!));
    Object.assign(globalThis, {fetch});
    Reflect.deleteProperty(globalThis, 'window');
  });

  it('localstorage:// gives back what was saved', async () => {
    await saveTheta(theta, 'localstorage://mine', RECIPE);
    expectSaved(await loadTheta('localstorage://mine'), theta, RECIPE);
    await expectError(loadTheta('localstorage://other'), 'ENVIRONMENT', /no model with name 'other'/);
  });

  it('relative addresses are read beside the page', async () => {
    server.answers.set('/page/mine.safetensors', (_, response) => response.end(encodeTheta(theta, RECIPE)));
    expectSaved(await loadTheta('mine.safetensors'), theta, RECIPE);
    const {weightData, weightSpecs, ...rest} = thetaToArtifacts(theta, RECIPE);
    server.answers.set('/page/a/model.json', (_, response) => response.end(JSON.stringify({...rest, weightsManifest: [{paths: ['./größe.bin'], weights: weightSpecs}]})));
    server.answers.set('/page/a/gr%C3%B6%C3%9Fe.bin', (_, response) => response.end(new Uint8Array(weightData)));
    expectSaved(await loadTheta('a/model.json'), theta, RECIPE);
    server.answers.set('/model.json', server.answers.get('/page/a/model.json')!);
    server.answers.set('/gr%C3%B6%C3%9Fe.bin', server.answers.get('/page/a/gr%C3%B6%C3%9Fe.bin')!);
    expectSaved(await loadTheta('/model.json'), theta, RECIPE);
  });

  it('a path cannot be written', async () => {
    await expectError(saveTheta(theta, 'mine.safetensors'), 'INVALID_ARGUMENT', /in browsers indexeddb:/);
  });
});

describe('loadOptimizer', () => {
  const folder = temporaryFolder();

  /** Losses and final weights of a short training, which ends with both disposed. */
  async function train(optimizer: LearnedOptimizer): Promise<string[]> {
    const model = mlp.build();
    model.compile({optimizer, loss: mlp.loss});
    const losses: number[] = [];
    for (let step = 0; step < 12; step++) {
      const {x, y} = mlp.batch(step);
      losses.push(await model.trainOnBatch(x, y) as number);
      tf.dispose(x);
      tf.dispose(y);
    }
    const weights = model.getWeights().map(w => Buffer.from(w.dataSync().slice().buffer).toString('hex'));
    model.dispose();
    optimizer.dispose();
    return [...losses.map(String), ...weights];
  }

  it('trains bit for bit as learnedOptimizer with that theta, and otherwise than with the default', async () => {
    const options = {numSteps: 12, learningRate: 0.7, weightDecay: 0.01, clipNorm: 1}, url = `file://${folder()}/mine`;
    await saveTheta(theta, url);
    const before = tf.memory().numTensors, loaded = await train(await loadOptimizer(url, options));
    expect(loaded).to.deep.equal(await train(learnedOptimizer({...options, theta})));
    expect(loaded).to.not.deep.equal(await train(learnedOptimizer(options)));
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('gives back an optimizer that was saved by its theta, options aside', async () => {
    const path = join(folder(), 'mine.safetensors'), original = learnedOptimizer();
    await saveTheta(original.theta, path);
    const loaded = await loadOptimizer(path);
    expect(loaded.theta).to.deep.equal(defaultTheta());
    expect(loaded.getConfig()).to.deep.include({numSteps: null, learningRate: 1, clipNorm: null, onNonFinite: 'skip'});
    original.dispose();
    loaded.dispose();
  });

  it('passes functions on', async () => {
    const path = join(folder(), 'mine.safetensors'), asked: string[] = [];
    await saveTheta(theta, path);
    const optimizer = await loadOptimizer(path, {weightDecay: 0.1, decayMask: name => asked.push(name) > 0});
    const start = tf.tensor1d([1, 2]), v = tf.variable(start, true, 'decayed');
    optimizer.minimize(() => tf.sum(tf.square(v)));
    expect(asked).to.deep.equal([v.name]);
    tf.dispose([start, v]);
    optimizer.dispose();
  });

  it('checks options before it reads', async () => {
    const nowhere = join(folder(), 'nowhere.safetensors');
    await expectError(loadOptimizer(nowhere, {numSteps: 0}), 'INVALID_ARGUMENT', /numSteps/);
    await expectError(loadOptimizer(nowhere, {numStep: 1} as object), 'UNKNOWN_OPTION', /numSteps/);
    await expectError(loadOptimizer(nowhere, {theta} as object), 'INVALID_ARGUMENT', /no option 'theta'/);
    await expectError(loadOptimizer(nowhere, {rule: 'tensor-lstm'} as object), 'INVALID_ARGUMENT', /no option 'rule'/);
    await expectError(loadOptimizer(nowhere), 'ENVIRONMENT', /ENOENT/);
  });
});
