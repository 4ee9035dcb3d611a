import {parentPort, workerData} from 'node:worker_threads';
import {L2OError} from '../errors.js';
import {prepareWorkerBackend} from '../meta/worker-backend.js';
import {currentBackend, openSource} from './open-suite.js';
import {runOnce} from './run-once.js';
import type {RunSpec} from './run-spec.js';
import type {WorkerAnswer, WorkerFailure, WorkerSetup} from './worker-protocol.js';

const port = parentPort!;

function fail(error: unknown): WorkerFailure {
  if (error instanceof L2OError) return {kind: 'error', code: error.code, message: error.message};
  return {kind: 'error', code: undefined, message: error instanceof Error ? error.stack ?? error.message : String(error)};
}

try {
  await prepareWorkerBackend();
  const context = await openSource(workerData as WorkerSetup, true);
  port.on('message', (spec: RunSpec) => {
    let answer: WorkerAnswer | WorkerFailure;
    try {
      answer = {kind: 'record', record: runOnce(context, spec)};
    } catch (error) {
      answer = fail(error);
    }
    port.postMessage(answer);
  });
  port.postMessage({kind: 'ready', backend: currentBackend()} satisfies WorkerAnswer);
} catch (error) {
  port.postMessage(fail(error));
}
