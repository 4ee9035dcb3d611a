import {getBackend} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import {isTaskFamily, prepareGradients} from '../meta/family-module.js';
import {describe} from '../option-checks.js';
import type {Theta} from '../theta/theta-file.js';
import type {Peer, PeerModule} from './peer.js';
import type {RunContext} from './run-once.js';
import type {Suite, SuiteModule, SuiteTask} from './suite.js';

/** Where the parts of a {@link RunContext} come from: plain data, save a suite that is given as an object. */
export interface RunSource {
  /** A suite, or the URL of its module. */
  readonly suite: Suite | string;
  /** URLs of the peers' modules. */
  readonly peers: readonly string[];
  readonly theta: Theta;
}

/** Fewest steps of a task: a quarter of them still has a smoothed loss. */
const FEWEST_STEPS = 20;

/**
 * Loads suite and peers, and checks them.
 * @param isRunner Whether this thread is to make runs: then suites set it up.
 * @throws L2OError `INVALID_ARGUMENT`.
 */
export async function openSource({suite, peers, theta}: RunSource, isRunner: boolean): Promise<RunContext> {
  const opened = typeof suite === 'string' ? await loadSuite(suite, isRunner) : suite;
  if (isRunner) await prepareGradients();
  checkSuite(opened);
  return {suite: opened, theta, peers: await Promise.all(peers.map(loadPeer))};
}

/** TF.js's backend in this thread. */
export function currentBackend(): string {
  return getBackend();
}

async function loadSuite(url: string, isRunner: boolean): Promise<Suite> {
  const loaded = await load<SuiteModule>(url, 'a suite');
  if (isRunner) await loaded.setup?.();
  const {default: made} = loaded;
  if (made === undefined) return reject(`expected '${url}' to export a suite by default, got nothing. Write: export default {name: '…', tasks: […]}.`);
  return typeof made === 'function' ? made() : made;
}

async function loadPeer(url: string): Promise<Peer> {
  const {default: peer} = await load<PeerModule>(url, 'a peer'), fields: Partial<Peer> = peer ?? {};
  if (typeof fields.name === 'string' && typeof fields.version === 'string' && typeof fields.createStepper === 'function') return peer!;
  return reject(`expected '${url}' to export a peer by default, got ${describe(peer)}. See the interface Peer: {name, version, missing, createStepper}.`);
}

async function load<Module>(url: string, what: string): Promise<Partial<Module>> {
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ url) as Partial<Module>;
  } catch (cause) {
    throw new L2OError('INVALID_ARGUMENT', `evaluate: expected '${url}' to be a module of ${what} that can be imported, got the error "${String(cause)}". Pass the URL or path of an ES module in JavaScript, or run Node with a loader for other languages.`, {cause});
  }
}

function checkSuite(suite: unknown): asserts suite is Suite {
  const {name, tasks} = (typeof suite === 'object' && suite !== null ? suite : {}) as Partial<Suite>;
  if (typeof name !== 'string' || !Array.isArray(tasks) || tasks.length === 0) reject(`expected a suite with a name and at least one task, got ${describe(suite)}. See the interface Suite: {name, tasks}.`);
  const names = new Set<string>();
  for (const task of tasks as Array<Partial<SuiteTask>>) {
    const of = `suite '${name}', task ${describe(task.name)}`;
    if (typeof task.name !== 'string' || names.has(task.name)) reject(`${of}: expected a name of its own, got another task's or none. Name each task differently.`);
    names.add(task.name);
    for (const field of ['dataset', 'architecture', 'loss'] as const) {
      if (typeof task[field] !== 'string') reject(`${of}: expected ${field} to be a string, got ${describe(task[field])}. Declare what the task is made of.`);
    }
    if (!isTaskFamily(task.family)) reject(`${of}: expected family to be a task family, got ${describe(task.family)}. See the interface TaskFamily: {name, sample(random)}.`);
    if (!Number.isSafeInteger(task.steps) || task.steps! < FEWEST_STEPS) reject(`${of}: expected steps to be an integer ≥ ${FEWEST_STEPS}, got ${describe(task.steps)}. Give it more.`);
    for (const field of ['trainBatches', 'validationBatches'] as const) {
      const value = task[field];
      if (value !== undefined && (!Number.isSafeInteger(value) || value < 1)) reject(`${of}: expected ${field} to be an integer ≥ 1, got ${describe(value)}. Leave it out for 8.`);
    }
  }
}

function reject(problem: string): never {
  throw new L2OError('INVALID_ARGUMENT', `evaluate: ${problem}`);
}
