import {version_core as tfjsVersion} from '@tensorflow/tfjs-core';
import {engineHash} from '../rollout/engine-hash.js';
import type {RunContext} from './run-once.js';
import type {RunSpec} from './run-spec.js';

/** Raised whenever a run would come out otherwise: its steps, its measurements, or how tasks are seeded. The compiled engine tells by itself. */
const ROLLOUT_VERSION = 2;

/** All that a run depends on, in words. @param backend Of TF.js, in the thread that runs it. */
export function runKey({suite, theta, peers}: RunContext, spec: RunSpec, backend: string): string {
  const {task: index, optimizer, ...rest} = spec, {name, version = 1, trainBatches, validationBatches, family} = suite.tasks[index]!;
  return JSON.stringify({
    code: {rollout: ROLLOUT_VERSION, engine: engineHash(), tfjs: tfjsVersion, backend},
    task: {suite: suite.name, name, version, family: family.name, trainBatches, validationBatches},
    optimizer,
    ...optimizer.kind === 'learned' && {theta: {rule: theta.rule, version: theta.ruleVersion, hash: theta.hash}},
    ...optimizer.kind === 'peer' && {peer: peers.find(p => p.name === optimizer.peer)!.version},
    run: rest,
  });
}
