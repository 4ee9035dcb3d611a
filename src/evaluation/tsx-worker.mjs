// Starts worker.ts where the sources run unbuilt: a worker thread does not inherit tsx's loader on Node 20.
import {register} from 'tsx/esm/api';

register();
await import('./worker.ts');
