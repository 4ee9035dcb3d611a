/**
 * Ways of stepping tfjs-node's tensors, which take turns on the same gradients in TensorFlow's memory: values copied in and out at every step;
 * values kept, so that gradients alone are read (what `learnedOptimizer` does); tf ops, which read nothing (what it does on tfjs-node-gpu);
 * and `tf.train.adam`. And how gradients are read: one by one, or put together and read at once. Prints one JSON object.
 *
 *     npx tsx bench/node-backend.ts [--seconds 3]
 */
import * as tf from '@tensorflow/tfjs-core';
import {parseArgs} from 'node:util';
import {OpsRunner} from '../src/kernel/ops-runner.js';
import type {StepRunner} from '../src/kernel/runner.js';
import {CopyingWasmRunner} from '../src/kernel/wasm-runner.js';
import {Random} from '../src/random.js';
import {defaultTheta} from '../src/theta/default-theta.js';
import {numberGiven} from './support/args.js';
import {forEachBackend} from './support/backends.js';
import {median, toDecimals} from './support/numbers.js';
import {print} from './support/print.js';
import {takeTurns, timed} from './support/turns.js';

/** Parameters in all, and the number of variables that they are spread over. */
const SIZES = [[100_000, 1], [1_000_000, 1], [10_000, 50], [100_000, 50]] as const;
const OPTIONS = {horizon: 1000, learningRate: 1, clipNorm: undefined, parameterScale: true};

const {values} = parseArgs({options: {seconds: {type: 'string', default: '3'}}});
const effort = {seconds: numberGiven('seconds', values.seconds), minRounds: 5, warmUpRounds: 3}, rows: object[] = [];

interface Way {
  readonly turn: () => Promise<number>;
  readonly dispose: () => void;
}

function newVariables(gradients: readonly tf.Tensor[]): tf.Variable[] {
  const random = new Random(2);
  return gradients.map(g => tf.tidy(() => tf.variable(tf.tensor1d(random.normals(g.size, 0.1)))));
}

// The step, and what the next forward pass does first: TensorFlow takes up new values when an op uses them.
function timedStep(variables: readonly tf.Variable[], step: () => void): () => Promise<number> {
  return timed(() => {
    step();
    tf.tidy(() => variables.forEach(v => tf.neg(tf.slice(v, 0, 1))));
  });
}

function byRunner(runner: StepRunner, gradients: readonly tf.Tensor[]): Way {
  const variables = newVariables(gradients), slots = variables.map(v => runner.createSlots(v.size)), loss = runner.createLossSlots(), theta = defaultTheta().values;
  const steps = variables.map((variable, i) => ({variable, gradient: gradients[i]!, slots: slots[i]!, weightDecay: 0}));
  let time = 0;
  return {
    turn: timedStep(variables, () => {
      const outcome = runner.step(theta, steps, loss, undefined, {...OPTIONS, time: time++});
      if (outcome.kind === 'deferred') outcome.made.dispose();
    }),
    dispose: () => {
      [...slots, loss].forEach(s => s.dispose());
      tf.dispose(variables);
    },
  };
}

function byAdam(gradients: readonly tf.Tensor[]): Way {
  const variables = newVariables(gradients), adam = tf.train.adam(1e-3, 0.9, 0.999, 1e-7), named = variables.map(({name}, i) => ({name, tensor: gradients[i]!}));
  return {
    turn: timedStep(variables, () => adam.applyGradients(named)),
    dispose: () => {
      adam.dispose();
      tf.dispose(variables);
    },
  };
}

function reading(read: () => unknown): Way {
  return {turn: timed(read), dispose: () => undefined};
}

const skipped = await forEachBackend(['node'], async () => {
  for (const [numParams, numVariables] of SIZES) {
    const size = numParams / numVariables, random = new Random(1);
    const gradients = Array.from({length: numVariables}, () => tf.tidy(() => tf.neg(tf.tensor1d(random.normals(size, 0.01)))));
    const ways = {
      copied: byRunner(new CopyingWasmRunner(false), gradients), kept: byRunner(new CopyingWasmRunner(true), gradients), adam: byAdam(gradients),
      readOneByOne: reading(() => gradients.forEach(g => g.dataSync())), readAtOnce: reading(() => tf.tidy(() => void tf.concat(gradients).dataSync())),
    };
    // Far slower, so that it would disturb the others.
    const ops = byRunner(new OpsRunner(), gradients);
    const times = [...await takeTurns(Object.values(ways).map(way => way.turn), effort), ...await takeTurns([ops.turn], {...effort, seconds: effort.seconds / 3})];
    [...Object.values(ways), ops].forEach(way => way.dispose());
    tf.dispose(gradients);
    const nsPerParam = Object.fromEntries([...Object.keys(ways), 'ops'].map((name, i) => [name, toDecimals(median(times[i]!) * 1e6 / numParams, 2)]));
    rows.push({numParams, numVariables, nsPerParam});
  }
});
print({rows}, skipped);
