import {parentPort, workerData} from 'node:worker_threads';
import {L2OError} from '../errors.js';
import {PairSet} from './pair-set.js';
import {openSource} from './task-source.js';
import {prepareWorkerBackend} from './worker-backend.js';
import {arrayBuffers, type WorkerAnswer, type WorkerRequest, type WorkerSetup} from './worker-protocol.js';

const {source, pairs: indices, options, states} = workerData as WorkerSetup;
const port = parentPort!;

function fail(error: unknown): WorkerAnswer {
  if (error instanceof L2OError) return {kind: 'error', code: error.code, message: error.message};
  return {kind: 'error', code: undefined, message: error instanceof Error ? error.stack ?? error.message : String(error)};
}

try {
  if (source.kind === 'ops') await prepareWorkerBackend();
  const tasks = await openSource(source), pairs = new PairSet(indices, options, tasks);
  if (states !== undefined) pairs.restore(states);
  const answer = (request: WorkerRequest): WorkerAnswer => {
    if (request.kind === 'heldOut') return {kind: 'heldOut', scores: request.indices.map(i => tasks.heldOut(request.theta, i, request.horizons))};
    if (request.kind === 'restore') {
      pairs.restore(request.states);
      return {kind: 'restored'};
    }
    const results = indices.map((_, k) => pairs.window(k, request.theta, request.plan));
    return {kind: 'window', results, states: pairs.states()};
  };
  port.on('message', (request: WorkerRequest) => {
    let reply: WorkerAnswer;
    try {
      reply = answer(request);
    } catch (error) {
      reply = fail(error);
    }
    port.postMessage(reply, arrayBuffers(reply));
  });
  port.postMessage({kind: 'ready', families: tasks.families, states: pairs.states()} satisfies WorkerAnswer);
} catch (error) {
  port.postMessage(fail(error));
}
