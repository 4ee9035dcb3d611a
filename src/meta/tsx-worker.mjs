// Starts a worker's module where the sources run unbuilt: a worker thread does not inherit tsx's loader on Node 20.
import {register} from 'tsx/esm/api';

register();
// Its address is the thread's argument; metaFit's own unless told otherwise.
await import(process.argv[2] ?? './worker.ts');
