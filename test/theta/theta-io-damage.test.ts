import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {L2OError, learnedOptimizer, loadOptimizer, loadTheta, saveTheta, type L2OErrorCode} from '../../src/index.js';
import {RULE_VERSION, THETA_SIZE} from '../../src/rules/tensor-lstm/spec.js';
import {thetaToArtifacts} from '../../src/theta/artifacts.js';
import {encodeTheta} from '../../src/theta/theta-file.js';
import {expectError, expectSaved, localServer, nearbyTheta, RECIPE, temporaryFolder} from './theta-io-fixtures.js';

const theta = nearbyTheta(1), bytes = encodeTheta(theta, RECIPE), headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));

interface Header {
  __metadata__?: unknown;
  [name: string]: unknown;
}

/** The file with its header changed. */
function withHeader(change: (header: Header) => unknown): Uint8Array {
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))) as Header, changed = change(header) ?? header;
  const text = new TextEncoder().encode(typeof changed === 'string' ? changed : JSON.stringify(changed)), file = new Uint8Array(8 + text.length + 4 * THETA_SIZE);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(bytes.subarray(8 + headerBytes), 8 + text.length);
  return file;
}

function withMetadata(change: object): Uint8Array {
  return withHeader(header => ({...header, __metadata__: {...header.__metadata__ as object, ...change}}));
}

/** The file with one byte changed. */
function withByte(at: number, value: number): Uint8Array {
  const file = bytes.slice();
  file[at] = value;
  return file;
}

/** Artifacts with a change. */
function artifacts(change: (artifacts: Record<string, unknown>) => void): Record<string, unknown> {
  const changed = structuredClone(thetaToArtifacts(theta, RECIPE)) as unknown as Record<string, unknown>;
  change(changed);
  return changed;
}

function changedSpecs(change: (specs: Record<string, unknown>[]) => unknown): Record<string, unknown> {
  return artifacts(a => {
    const specs = a.weightSpecs as Record<string, unknown>[];
    a.weightSpecs = change(specs) ?? specs;
  });
}

function changedMetadata(change: object): Record<string, unknown> {
  return artifacts(a => (a.userDefinedMetadata = {...a.userDefinedMetadata as object, ...change}));
}

const nested = `${'['.repeat(60_000)}${']'.repeat(60_000)}`;

describe('loadTheta refuses', () => {
  let tensors = 0;
  beforeEach(() => {
    tensors = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).to.equal(tensors));

  describe('bytes', () => {
    const cases: ReadonlyArray<readonly [title: string, file: Uint8Array, code: L2OErrorCode, message: RegExp]> = [
      ['that are none', new Uint8Array(), 'CORRUPT_FILE', /at least 8 bytes, got 0/],
      ['with a header longer than the file', withByte(3, 1), 'CORRUPT_FILE', /a header of \d+ bytes, got a file of/],
      ['with a header of 2^64 bytes', bytes.slice().fill(255, 0, 8), 'CORRUPT_FILE', /a header of/],
      ['with a header longer than any theta has', withHeader(h => JSON.stringify(h).padEnd(131_073)), 'CORRUPT_FILE', /a header of at most 131072 bytes, got 131\d\d\d/],
      ['with a header that is no JSON', withByte(8, 0), 'CORRUPT_FILE', /JSON object as header/],
      ['with a header that is no UTF-8', withByte(8 + 20, 0xff), 'CORRUPT_FILE', /JSON object as header/],
      ['with a list as header', withHeader(() => []), 'CORRUPT_FILE', /JSON object as header/],
      ['with a header nested without end', withHeader(() => nested), 'CORRUPT_FILE', /JSON object as header/],
      ['without metadata', withHeader(h => ({...h, __metadata__: undefined})), 'CORRUPT_FILE', /metadata of a theta, got none/],
      ['with metadata that is no map', withHeader(h => ({...h, __metadata__: 'x'})), 'CORRUPT_FILE', /metadata of a theta/],
      ['with metadata other than strings', withMetadata({seed: {toString: 1}}), 'CORRUPT_FILE', /got a object as 'seed'/],
      ['with metadata over the limit', withMetadata({recipe: 'x'.repeat(65_536)}), 'CORRUPT_FILE', /at most 65536 bytes/],
      ['of another format', withMetadata({format: 'pt'}), 'CORRUPT_FILE', /got 'pt'/],
      ['of an unknown rule', withMetadata({rule: 'x'.repeat(9999)}), 'INVALID_THETA', /got 'x{60}…'/],
      ['that say they are of another rule', withMetadata({rule: 'rnnprop', ruleVersion: '1'}), 'CORRUPT_FILE', /'inputKernel' as float32/],
      ['of another version', withMetadata({ruleVersion: String(RULE_VERSION + 1)}), 'INVALID_THETA', /version \d of 'tensor-lstm', got \d/],
      ['of a version that is no number', withMetadata({ruleVersion: 'new'}), 'INVALID_THETA', /got NaN/],
      ['with another hash', withMetadata({hash: '0123456789abcdef'}), 'INVALID_THETA', /hash 0123456789abcdef/],
      ['without a hash', withMetadata({hash: undefined}), 'INVALID_THETA', /hash/],
      ['without one weight array', withHeader(h => ({...h, guard: undefined})), 'CORRUPT_FILE', /'guard' as float32 of shape \[1\]/],
      ['with one weight array more', withHeader(h => ({...h, more: h.guard})), 'CORRUPT_FILE', /no further entries, got 'more'/],
      ['of another type', withHeader(h => ({...h, guard: {...h.guard as object, dtype: 'F16'}})), 'CORRUPT_FILE', /'guard'/],
      ['of another shape', withHeader(h => ({...h, guard: {...h.guard as object, shape: [1, 1]}})), 'CORRUPT_FILE', /'guard'/],
      ['with a shape nested without end', withHeader(h => JSON.stringify({...h, guard: 0}).replace('"guard":0', `"guard":{"dtype":"F32","shape":${nested}}`)), 'CORRUPT_FILE', /'guard'/],
      ['with other offsets', withHeader(h => ({...h, guard: {...h.guard as object, data_offsets: [0, 4]}})), 'CORRUPT_FILE', /'guard'/],
      ['with more after the weights', new Uint8Array([...bytes, 0]), 'CORRUPT_FILE', /bytes of weights, got/],
      ['with one bit of a weight changed', withByte(bytes.length - 400, bytes[bytes.length - 400]! ^ 1), 'INVALID_THETA', /hash/],
      ['with a weight that is NaN', bytes.slice().fill(255, bytes.length - 8), 'INVALID_THETA', /NaN/],
    ];
    for (const [title, file, code, message] of cases) {
      it(title, async () => {
        await expectError(loadTheta(file), code, message);
      });
    }

    it('that are cut short anywhere', async () => {
      for (let length = 0; length < bytes.length; length += length < headerBytes + 40 ? 1 : 997) {
        await expectError(loadTheta(bytes.subarray(0, length)), 'CORRUPT_FILE', /got|header/);
      }
    });

    it('with any one byte changed, unless it is of what the user saved or of white space', async () => {
      const known = new Set(['CORRUPT_FILE', 'INVALID_THETA']);
      let refused = 0, whole = 0;
      for (let at = 0; at < bytes.length; at += at < 8 + headerBytes ? 1 : 211) {
        for (const value of [0, 255, bytes[at]! ^ 1, 0x22]) {
          if (value === bytes[at]) continue;
          try {
            const loaded = await loadTheta(withByte(at, value));
            expect(loaded.theta).to.deep.equal(theta);
            expect(at, 'only in the header').to.be.lessThan(8 + headerBytes);
            whole++;
          } catch (error) {
            expect(error, `byte ${at} as ${value}`).to.be.instanceOf(L2OError);
            expect(known).to.include((error as L2OError).code);
            refused++;
          }
        }
      }
      expect(refused).to.be.greaterThan(2000);
      expect(whole).to.be.greaterThan(0).and.lessThan(300);
    });
  });

  describe('what a handler hands over', () => {
    const cases: ReadonlyArray<readonly [title: string, artifacts: unknown, code: L2OErrorCode, message: RegExp]> = [
      ['as nothing', undefined, 'CORRUPT_FILE', /model artifacts/],
      ['as a list', [], 'CORRUPT_FILE', /model artifacts/],
      ['as a model', {modelTopology: {}, weightSpecs: [], weightData: new ArrayBuffer(0)}, 'CORRUPT_FILE', /metadata of a theta, got none/],
      ['as metadata other than strings', changedMetadata({recipe: 10n}), 'CORRUPT_FILE', /got a bigint as 'recipe'/],
      ['as another format', changedMetadata({format: 'x'}), 'CORRUPT_FILE', /format/],
      ['as an unknown rule', changedMetadata({rule: 'constructor'}), 'INVALID_THETA', /rule among 'tensor-lstm', .*, got 'constructor'/],
      ['as another rule', changedMetadata({rule: 'lstm-dm', ruleVersion: '1'}), 'CORRUPT_FILE', /'gateKernel1' as float32/],
      ['as another version', changedMetadata({ruleVersion: '0'}), 'INVALID_THETA', /version/],
      ['as another hash', changedMetadata({hash: ''}), 'INVALID_THETA', /hash/],
      ['without specs', artifacts(a => (a.weightSpecs = undefined)), 'CORRUPT_FILE', /list of weight arrays/],
      ['with specs that are none', changedSpecs(() => [1]), 'CORRUPT_FILE', /list of weight arrays/],
      ['with one array less', changedSpecs(specs => specs.slice(1)), 'CORRUPT_FILE', /'gateKernel'/],
      ['with one array more', changedSpecs(specs => [...specs, {name: 'more', shape: [1e12], dtype: 'float32'}]), 'CORRUPT_FILE', /further/],
      ['with one array twice', changedSpecs(specs => [...specs, specs[0]]), 'CORRUPT_FILE', /11 weight arrays, got 12/],
      ['in another order', changedSpecs(specs => specs.toReversed()), 'CORRUPT_FILE', /'gateKernel'/],
      ['of another shape', changedSpecs(specs => void (specs[1]!.shape = [2 ** 40])), 'CORRUPT_FILE', /'gateBias'/],
      ['of another type', changedSpecs(specs => void (specs[1]!.dtype = 'int32')), 'CORRUPT_FILE', /'gateBias'/],
      ['as quantized weights', changedSpecs(specs => void (specs[1]!.quantization = {dtype: 'uint8'})), 'CORRUPT_FILE', /'gateBias'/],
      ['without weights', artifacts(a => (a.weightData = undefined)), 'CORRUPT_FILE', /ArrayBuffer/],
      ['as text', artifacts(a => (a.weightData = 'x'.repeat(4 * THETA_SIZE))), 'CORRUPT_FILE', /ArrayBuffer/],
      ['as a length', artifacts(a => (a.weightData = [{length: 4 * THETA_SIZE}])), 'CORRUPT_FILE', /ArrayBuffer/],
      ['cut short', artifacts(a => (a.weightData = new ArrayBuffer(4 * THETA_SIZE - 4))), 'CORRUPT_FILE', /bytes of weights/],
      ['with weights too many', artifacts(a => (a.weightData = [a.weightData, new ArrayBuffer(4)])), 'CORRUPT_FILE', /bytes of weights/],
      ['changed', artifacts(a => (new Uint8Array(a.weightData as ArrayBuffer)[0]! ^= 1)), 'INVALID_THETA', /hash/],
      ['as a stream without end', artifacts(a => {
        a.weightData = undefined;
        a.getWeightStream = () => new ReadableStream<ArrayBuffer>({pull: controller => controller.enqueue(new ArrayBuffer(1000))});
      }), 'CORRUPT_FILE', /at most \d+ bytes, got/],
    ];
    for (const [title, given, code, message] of cases) {
      it(title, async () => {
        await expectError(loadTheta({load: () => Promise.resolve(given as tf.io.ModelArtifacts)}), code, message);
      });
    }
  });

  describe('a folder', () => {
    const folder = temporaryFolder();
    type Json = Record<string, unknown> & {weightsManifest: Array<{paths: unknown[]; weights: Record<string, unknown>[]}>};

    async function expectFolderError(change: (json: Json) => unknown, code: L2OErrorCode, message: RegExp): Promise<void> {
      await saveTheta(theta, `file://${folder()}/mine`, RECIPE);
      const path = join(folder(), 'mine', 'model.json'), json = JSON.parse(readFileSync(path, 'utf8')) as Json, changed = change(json) ?? json;
      writeFileSync(path, typeof changed === 'string' ? changed : JSON.stringify(changed));
      await expectError(loadTheta(`file://${folder()}/mine`), code, message);
    }

    for (const [title, change, code, message] of [
      ['whose model.json is cut short', json => JSON.stringify(json).slice(0, -9), 'CORRUPT_FILE', /a safetensors file or a model\.json/],
      ['whose model.json is empty', () => '', 'CORRUPT_FILE', /a safetensors file or a model\.json/],
      ['whose model.json is a web page', () => '<!doctype html><title>404</title>', 'CORRUPT_FILE', /a safetensors file or a model\.json/],
      ['whose model.json is too large', json => JSON.stringify(json).padEnd(200_000), 'CORRUPT_FILE', /at most \d+ bytes, got 200\d\d\d/],
      ['without a manifest', json => void delete (json as Partial<Json>).weightsManifest, 'CORRUPT_FILE', /weightsManifest with one file/],
      ['with two groups', json => void json.weightsManifest.push(json.weightsManifest[0]!), 'CORRUPT_FILE', /weightsManifest with one file/],
      ['with two files of weights', json => void json.weightsManifest[0]!.paths.push('more'), 'CORRUPT_FILE', /weightsManifest with one file/],
      ['with other specs', json => void (json.weightsManifest[0]!.weights[0]!.shape = [1]), 'CORRUPT_FILE', /'gateKernel'/],
      ['of another rule', json => void ((json.userDefinedMetadata as Record<string, unknown>).rule = 'scalar'), 'INVALID_THETA', /scalar/],
      ['without its weights', json => void (json.weightsManifest[0]!.paths[0] = 'none.bin'), 'ENVIRONMENT', /none\.bin.*ENOENT/],
      ['with its model.json as weights', json => void (json.weightsManifest[0]!.paths[0] = 'model.json'), 'CORRUPT_FILE', /bytes of weights, got/],
    ] as ReadonlyArray<readonly [string, (json: Json) => unknown, L2OErrorCode, RegExp]>) {
      it(title, () => expectFolderError(change, code, message));
    }

    for (const name of ['../weights.bin', '/etc/passwd', '..', '.', './', '', 'a/b', 'a\\b', 'C:x', 'a\0', './../x', '\ud800', 'http://x/y']) {
      it(`with weights elsewhere: ${JSON.stringify(name)}`, () =>
        expectFolderError(json => void (json.weightsManifest[0]!.paths[0] = name), 'CORRUPT_FILE', /in the folder of the model\.json/));
    }

    it('with the weights of another', async () => {
      const other = nearbyTheta(2);
      await saveTheta(theta, `file://${folder()}/mine`);
      await saveTheta(other, `file://${folder()}/other`);
      writeFileSync(join(folder(), 'mine', `weights-${theta.hash}.bin`), readFileSync(join(folder(), 'other', `weights-${other.hash}.bin`)));
      await expectError(loadTheta(`file://${folder()}/mine`), 'INVALID_THETA', /hash/);
    });

    it('that has no model.json, or holds a folder of that name', async () => {
      mkdirSync(join(folder(), 'empty'));
      mkdirSync(join(folder(), 'nested', 'model.json'), {recursive: true});
      await expectError(loadTheta(`file://${folder()}/empty`), 'ENVIRONMENT', /ENOENT/);
      await expectError(loadTheta(`file://${folder()}/nested`), 'ENVIRONMENT', /no regular file/);
    });
  });

  describe('over http', () => {
    const server = localServer();

    it('an address where nothing is', async () => {
      const error = await expectError(loadTheta(server.url('/none?key=secret')), 'ENVIRONMENT', /the HTTP status 404/);
      expect(error.message).to.not.contain('secret');
    });

    it('a server that is not there', async () => {
      await expectError(loadTheta('http://127.0.0.1:1/model.json'), 'ENVIRONMENT', /fetch failed|bad port/);
    });

    it('more than a theta has, as announced, without reading it', async () => {
      server.answers.set('/announced', (_, response) => response.writeHead(200, {'content-length': '9000000000'}).write('x'));
      await expectError(loadTheta(server.url('/announced')), 'CORRUPT_FILE', /got 9000000000/);
    });

    it('more than a theta has, unannounced, without reading on', async () => {
      let sent = 0;
      server.answers.set('/endless', (_, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536;
        };
        response.on('drain', more);
        more();
      });
      await expectError(loadTheta(server.url('/endless')), 'CORRUPT_FILE', /at most \d+ bytes, got/);
      expect(sent).to.be.lessThan(50_000_000);
    });

    it('a server that does not answer, or stops in the middle, once the signal says so', async () => {
      let asked = 0;
      server.answers.set('/silent', () => void asked++);
      server.answers.set('/stalled', (_, response) => {
        asked++;
        response.writeHead(200, {'content-length': String(bytes.length)}).write(bytes.subarray(0, 5000));
      });
      for (const path of ['/silent', '/stalled']) {
        const error = await expectError(loadTheta(server.url(path), {signal: AbortSignal.timeout(200)}), 'ENVIRONMENT', /timeout.*signal ended it/);
        expect(error.cause).to.have.property('name', 'TimeoutError');
        await expectError(loadOptimizer(server.url(path), {signal: AbortSignal.timeout(200), numSteps: 5}), 'ENVIRONMENT', /signal ended it/);
      }
      expect(asked).to.equal(4);
    });

    it('anything at all under a signal that has ended, and anything that is no signal', async () => {
      server.answers.set('/never', () => expect.fail('was asked'));
      for (const source of [server.url('/never'), bytes, '/nowhere.safetensors']) {
        await expectError(loadTheta(source, {signal: AbortSignal.abort(new Error('enough'))}), 'ENVIRONMENT', /enough.*signal ended it/);
        await expectError(loadTheta(source, {signal: 'soon' as unknown as AbortSignal}), 'INVALID_ARGUMENT', /signal must be an AbortSignal, got 'soon'/);
        await expectError(loadTheta(source, {timeout: 5} as object), 'UNKNOWN_OPTION', /signal/);
      }
    });

    it('a connection that breaks off', async () => {
      server.answers.set('/broken', (_, response) => {
        response.writeHead(200, {'content-length': String(bytes.length)}).write(bytes.subarray(0, 5000), () => response.destroy());
      });
      await expectError(loadTheta(server.url('/broken')), 'ENVIRONMENT', /terminated|aborted/);
    });

    it('weights that are too large', async () => {
      const {weightSpecs, weightData: _, ...rest} = thetaToArtifacts(theta, {});
      const json = {...rest, weightsManifest: [{paths: ['./big.bin'], weights: weightSpecs}]};
      server.answers.set('/big/model.json', (_request, response) => response.end(JSON.stringify(json)));
      server.answers.set('/big/big.bin', (_request, response) => response.end(Buffer.alloc(4 * THETA_SIZE + 1)));
      await expectError(loadTheta(server.url('/big/model.json')), 'CORRUPT_FILE', /at most/);
    });
  });

  it('without a trace: an optimizer in use trains on, and what is loaded next is whole', async () => {
    const start = tf.tensor1d([1, -2]), v = tf.variable(start), twin = tf.variable(start);
    const optimizer = learnedOptimizer({theta}), other = learnedOptimizer({theta});
    for (let step = 0; step < 6; step++) {
      optimizer.minimize(() => tf.sum(tf.square(v)));
      other.minimize(() => tf.sum(tf.square(twin)));
      await expectError(loadOptimizer(withByte(bytes.length - 1, 0)), 'INVALID_THETA', /hash/);
    }
    expect([...v.dataSync()]).to.deep.equal([...twin.dataSync()]);
    expectSaved(await loadTheta(bytes), theta, RECIPE);
    tf.dispose([start, v, twin]);
    optimizer.dispose();
    other.dispose();
  });
});
