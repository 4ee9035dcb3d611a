import {dispose, tensor, tidy, type NamedTensorMap, type Variable} from '@tensorflow/tfjs-core';
import type {LocatedFamily} from '../meta/ops-pair.js';
import {sampleTask} from '../meta/ops-pair.js';
import {Random} from '../random.js';
import {BatchReader} from '../rollout/batch-reader.js';
import {compiledTask} from '../rollout/compiled-task.js';
import {openRollout} from '../rollout/open-rollout.js';
import {OpsRollout} from '../rollout/ops-rollout.js';
import type {Rollout, RolloutOptions} from '../rollout/rollout.js';
import type {TaskOrigin} from '../rollout/task-origin.js';
import type {Theta} from '../theta/theta-file.js';
import {baseline} from './optimizers.js';
import type {Peer} from './peer.js';
import type {RunRecord, RunSpec, ValidationRecord} from './run-spec.js';
import type {Suite, SuiteTask} from './suite.js';

/** What runs are made of, beside their spec. */
export interface RunContext {
  readonly suite: Suite;
  readonly theta: Theta;
  readonly peers: readonly Peer[];
}

/** Batches that a loss is measured on where the task does not say. */
const BATCHES = 8;
/** Most steps between two looks at the losses. */
const MAX_WINDOW = 1000;

/** The seed of a task: data, initial parameters and batches follow from it alone. */
export function taskSeed(suite: Suite, task: SuiteTask, seed: string): number {
  return new Random(0).fork(`${suite.name}/${task.name}/${seed}`).next();
}

/** Makes one run from start to end. @throws L2OError `INVALID_ARGUMENT` where the task breaks its contract. */
export function runOnce(context: RunContext, spec: RunSpec): RunRecord {
  const {suite, theta} = context, task = suite.tasks[spec.task]!, seed = taskSeed(suite, task, spec.seed);
  const start = performance.now(), located: LocatedFamily = {family: task.family, module: undefined};
  const rollout = open(context, spec, located, seed);
  try {
    rollout.setTheta(theta.values);
    const train: number[] = [], validation: ValidationRecord[] = [];
    const stops = [...new Set([...spec.measureAt, ...spec.validateAt, spec.steps])].sort((a, b) => a - b);
    let made = 0, hasDiverged = false;
    for (const stop of stops) {
      // A run that has diverged is over, whatever its next batch would give.
      if (!hasDiverged) made += advance(rollout, stop - made);
      hasDiverged = made < stop;
      if (spec.measureAt.includes(stop)) train.push(hasDiverged ? Infinity : finite(rollout.evaluate('train', task.trainBatches ?? BATCHES).loss));
      if (spec.validateAt.includes(stop)) validation.push(hasDiverged ? {loss: Infinity} : validate(rollout, task, located, seed));
    }
    return {made, train, validation, seconds: (performance.now() - start) / 1000};
  } finally {
    rollout.dispose();
  }
}

function open({theta, peers}: RunContext, {optimizer, horizon}: RunSpec, located: LocatedFamily, seed: number): Rollout {
  const task = sampleTask(located, seed), origin: TaskOrigin = {family: located.family.name, module: undefined, seed};
  if (optimizer.kind === 'peer') {
    const peer = peers.find(({name}) => name === optimizer.peer)!;
    const options: RolloutOptions = {rule: 'sgd', learningRate: 0, horizon, hasLoss: true};
    return new OpsRollout(compiledTask(task), origin, options, (variables: readonly Variable[]) => peer.createStepper(variables, {horizon}));
  }
  return openRollout(task, origin, optimizer.kind === 'learned'
    ? {rule: theta.rule, learningRate: 1, horizon, hasLoss: true}
    : {...baseline(optimizer.kind).options, learningRate: optimizer.learningRate, horizon, hasLoss: true});
}

/** Runs so many steps, or fewer where a loss is not finite; returns those made. */
function advance(rollout: Rollout, steps: number): number {
  const losses = new Float32Array(Math.min(steps, MAX_WINDOW));
  for (let made = 0; made < steps;) {
    const asked = Math.min(steps - made, MAX_WINDOW), ran = rollout.run(asked, losses);
    made += ran;
    if (ran < asked) return made;
  }
  return steps;
}

function validate(rollout: Rollout, {validationBatches = BATCHES}: SuiteTask, located: LocatedFamily, seed: number): ValidationRecord {
  const {loss, accuracy = measureAccuracy(rollout, located, seed, validationBatches)} = rollout.evaluate('validation', validationBatches);
  return {loss: finite(loss), ...accuracy !== undefined && {accuracy}};
}

/** By tf ops, on a task of its own: the rollout's is the rollout's. */
function measureAccuracy(rollout: Rollout, located: LocatedFamily, seed: number, numBatches: number): number | undefined {
  const task = sampleTask(located, seed);
  try {
    if (task.accuracy === undefined) return undefined;
    const params = currentParameters(task.init(), rollout), batches = new BatchReader(task, 'validation', {family: located.family.name, seed});
    let total = 0;
    try {
      for (let k = 0; k < numBatches; k++) {
        const batch = batches.next();
        total += tidy(() => task.accuracy!(params, batch).dataSync()[0]!);
        BatchReader.free(batch);
      }
    } finally {
      batches.close();
      dispose(params);
    }
    return total / numBatches;
  } finally {
    task.dispose?.();
  }
}

/** The rollout's parameters as tensors, by the task's names, in place of the initial ones, which are disposed. */
function currentParameters(initial: NamedTensorMap, rollout: Rollout): NamedTensorMap {
  const values = rollout.probe().parameters();
  let at = 0;
  const params = Object.fromEntries(Object.entries(initial).map(([name, {shape, size}]) => [name, tensor(values.slice(at, (at += size)), shape, 'float32')]));
  dispose(initial);
  return params;
}

function finite(loss: number): number {
  return Number.isFinite(loss) ? loss : Infinity;
}
