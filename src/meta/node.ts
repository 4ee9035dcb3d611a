import type * as fs from 'node:fs';
import type * as paths from 'node:path';
import type * as urls from 'node:url';
import type * as threads from 'node:worker_threads';
import {L2OError} from '../errors.js';

/** What is needed of Node. */
export interface NodeModules {
  readonly fs: typeof fs;
  readonly paths: typeof paths;
  readonly threads: typeof threads;
  readonly urls: typeof urls;
}

/**
 * Node's modules, had without an import: bundlers for browsers would try to resolve even a dynamic one, and fail.
 * @param what What they are needed for.
 * @param caller Whose error it is.
 * @throws L2OError `ENVIRONMENT` elsewhere than in Node, and in versions of it that cannot.
 */
export function node(what: string, caller = 'metaFit'): NodeModules {
  const host: Partial<NodeJS.Process> | undefined = typeof process === 'undefined' ? undefined : process;
  if (typeof host?.getBuiltinModule !== 'function') {
    throw new L2OError('ENVIRONMENT', `${caller}: expected Node 20.19 or newer for ${what}, got ${host?.version === undefined ? 'a browser' : `Node ${host.version}`}. Run it in Node, or leave ${what} out.`);
  }
  return {
    fs: process.getBuiltinModule('node:fs'), paths: process.getBuiltinModule('node:path'),
    threads: process.getBuiltinModule('node:worker_threads'), urls: process.getBuiltinModule('node:url'),
  };
}
