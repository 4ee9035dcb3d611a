/** Loaded by mocha before any test. */
import {type RootHookObject} from 'mocha';
import {useBackend} from './backends.js';

// Read by libtensorflow when it is loaded: errors only.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';

/** Tests that do not choose a backend run on cpu, whichever others are loaded. */
export const mochaHooks: RootHookObject = {
  beforeAll: () => useBackend('cpu'),
};
