import {getBackend, ready} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import {importModule} from '../import-module.js';
import type {TaskFamily} from '../tasks/task-family.js';
import type {LocatedFamily} from './ops-pair.js';
import {node} from './node.js';

/** A module of a task family. */
export interface FamilyModule {
  readonly default: TaskFamily;
  /** Called once in each thread before its first task, for example to choose a backend. */
  readonly setup?: () => void | Promise<void>;
}

/** The absolute URL of a module that was given as URL, path, or text of a URL. */
export function moduleUrl(module: string | URL): string {
  if (module instanceof URL) return module.href;
  if (/^[a-z][a-z\d+.-]+:/i.test(module)) return module;
  const {paths, urls} = node('paths of modules');
  return urls.pathToFileURL(paths.resolve(module)).href;
}

/** Whether a value is a {@link TaskFamily}, as far as can be seen. */
export function isTaskFamily(value: unknown): value is TaskFamily {
  return typeof value === 'object' && value !== null && typeof (value as TaskFamily).name === 'string' && typeof (value as TaskFamily).sample === 'function';
}

/** Loads a family's module and sets it up. @throws L2OError `INVALID_ARGUMENT` where it cannot be loaded or is none. */
export async function loadFamily(url: string): Promise<LocatedFamily> {
  let loaded: Partial<FamilyModule>;
  try {
    loaded = await importModule(url);
  } catch (cause) {
    throw new L2OError('INVALID_ARGUMENT', `metaFit: expected '${url}' to be a module that can be imported, got the error "${String(cause)}". Pass the URL or path of an ES module in JavaScript, or in TypeScript where Node or the package tsx can load it.`, {cause});
  }
  if (!isTaskFamily(loaded.default)) {
    throw new L2OError('INVALID_ARGUMENT', `metaFit: expected '${url}' to export a task family by default, got ${describeExports(loaded)}. Write: export default {name: '…', sample(random) {…}}.`);
  }
  if (loaded.setup !== undefined && typeof loaded.setup !== 'function') {
    throw new L2OError('INVALID_ARGUMENT', `metaFit: expected the export 'setup' of '${url}' to be a function, got ${typeof loaded.setup}. Write: export const setup = async () => {…}.`);
  }
  await loaded.setup?.();
  return {family: loaded.default, module: url};
}

function describeExports(loaded: object): string {
  const names = Object.keys(loaded);
  return names.length === 0 ? 'no exports' : `the exports ${names.join(', ')}`;
}

/** Makes sure that there is a backend, and gradients for its operations. @throws L2OError `ENVIRONMENT`. */
export async function prepareGradients(): Promise<void> {
  // TF.js's core has gradients for none of its operations until this is loaded.
  await import('@tensorflow/tfjs-layers');
  try {
    await ready();
  } catch (cause) {
    throw new L2OError('ENVIRONMENT', `metaFit: expected a TF.js backend, got ${getBackend() || 'none'}. Import one, for example '@tensorflow/tfjs-backend-cpu'.`, {cause});
  }
}
