/** What the tests of saving and loading share. */
import {type io} from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {mkdtempSync, rmSync} from 'node:fs';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {type AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {L2OError, type L2OErrorCode, type SavedTheta, type Theta} from '../../src/index.js';
import {Random} from '../../src/random.js';
import {defaultTheta} from '../../src/theta/default-theta.js';
import {makeTheta} from '../../src/theta/theta-file.js';

/** Metadata with what a careless format would break on. */
export const RECIPE = {recipe: '{"seed":7,"note":"größer – 最適化 \\"x\\""}', hash_of_data: 'a/b_c', empty: ''};

/** A theta near the shipped one, and another for each seed. */
export function nearbyTheta(seed: number): Theta {
  const random = new Random(seed);
  return makeTheta(defaultTheta().values.map(x => x + 0.01 * random.normal()));
}

/** Asserts that all of a theta came back, bit for bit. */
export function expectSaved(got: SavedTheta, theta: Theta, metadata: Readonly<Record<string, string>>): void {
  expect(Buffer.from(got.theta.values.buffer).equals(Buffer.from(theta.values.buffer)), 'the values').to.equal(true);
  expect({...got.theta, values: 0}).to.deep.equal({...theta, values: 0});
  expect(got.metadata).to.deep.equal(metadata);
}

/** Asserts that a promise fails with one of our errors, and returns it. */
export async function expectError(promise: Promise<unknown>, code: L2OErrorCode, message: RegExp): Promise<L2OError> {
  const error = await promise.then(() => undefined, (caught: unknown) => caught);
  expect(error).to.be.instanceOf(L2OError);
  expect(error).to.have.property('code', code);
  expect((error as L2OError).message).to.match(message);
  return error as L2OError;
}

/** A folder for the tests of a block, removed afterwards. */
export function temporaryFolder(): () => string {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tfjs-l2o-theta-'));
  });
  afterEach(() => rmSync(folder, {recursive: true}));
  return () => folder;
}

/** Answers a request for a path. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on this machine, for the tests of a block: answers by path, and its address. */
export function localServer(): {readonly answers: Map<string, Answer>; url(path: string): string} {
  const answers = new Map<string, Answer>();
  const server = createServer((request, response) => {
    const answer = answers.get(request.url!);
    if (answer !== undefined) answer(request, response);
    else response.writeHead(404).end();
  });
  before(done => {
    server.listen(0, '127.0.0.1', done);
  });
  after(done => {
    server.close(() => done());
    server.closeAllConnections();
  });
  return {answers, url: path => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`};
}

/** A handler that keeps what it is given as a database would: a copy. */
export function memoryHandler(): io.IOHandler & {artifacts: io.ModelArtifacts | undefined} {
  return {
    artifacts: undefined,
    save(artifacts) {
      this.artifacts = structuredClone(artifacts);
      return Promise.resolve({modelArtifactsInfo: {dateSaved: new Date(0), modelTopologyType: 'JSON'}});
    },
    load() {
      return Promise.resolve(structuredClone(this.artifacts!));
    },
  };
}
