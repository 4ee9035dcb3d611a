import {parentPort, workerData} from 'node:worker_threads';
import {Random} from '../random.js';
import {RolloutEngine} from '../rollout/engine.js';
import {THETA_SIZE} from '../rules/tensor-lstm/spec.js';
import {enginePairs} from './engine-pair.js';
import {AntitheticEstimator, type EstimatorOptions, type PairWindow} from './estimators.js';
import type {SampledTask} from '../tasks/mlp-family.js';

/** What a worker is started with. */
export interface WorkerSetup {
  /** Module whose `sampleTask(random)` draws tasks. */
  readonly family: string;
  readonly seed: number;
  /** Indices of the pairs that this worker runs. */
  readonly pairs: readonly number[];
  readonly numPairs: number;
  readonly estimator: EstimatorOptions;
  /** Another build of the engine, for experiments. */
  readonly engine: Uint8Array<ArrayBuffer> | undefined;
  /** theta, written by the main thread before each window. */
  readonly theta: SharedArrayBuffer;
  /** One gradient per pair, written here. */
  readonly gradients: SharedArrayBuffer;
}

/** Asks for one window. */
export interface WindowRequest {
  readonly steps: number;
}

/** Answers a {@link WindowRequest}, in the order of `WorkerSetup.pairs`. */
export type WindowAnswer = PairWindow[];

const setup = workerData as WorkerSetup;
const port = parentPort!;
const {sampleTask} = (await import(setup.family)) as {sampleTask: (random: Random) => SampledTask};
const engine = RolloutEngine.create(setup.engine);
const seeds = new Random(setup.seed);
const start = enginePairs(engine, sampleTask);
const pairs = setup.pairs.map(i => new AntitheticEstimator(setup.estimator, THETA_SIZE, seeds.fork(`pair ${i}`), start));
const theta = new Float32Array(setup.theta);
const gradients = new Float32Array(setup.gradients);

port.on('message', ({steps}: WindowRequest) => {
  const answer: WindowAnswer = pairs.map((pair, k) => {
    const i = setup.pairs[k]!, gradient = gradients.subarray(i * THETA_SIZE, (i + 1) * THETA_SIZE);
    gradient.fill(0);
    return pair.window(theta, steps, gradient);
  });
  port.postMessage(answer);
});
port.postMessage('ready');
