// Runs one of the timed loops in a worker thread, which does not inherit tsx's loader on Node 20.
import {parentPort} from 'node:worker_threads';
import {register} from 'tsx/esm/api';

register();
const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
const {engineStepsPerSecond, spinsPerSecond} = await import('./task.ts');
port.on('message', ({what, seconds}) => port.postMessage(what === 'spin' ? spinsPerSecond(seconds) : engineStepsPerSecond(seconds)));
port.postMessage('ready');
