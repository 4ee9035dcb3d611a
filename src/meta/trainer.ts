import {Worker} from 'node:worker_threads';
import {THETA_SIZE} from '../rules/tensor-lstm/spec.js';
import type {EstimatorOptions, PairWindow} from './estimators.js';
import {initialOuterState, meanGradient, updateTheta, type OuterState} from './outer-update.js';
import type {WindowAnswer, WorkerSetup} from './worker.js';

export {initialOuterState, type OuterState};

/** Settings of a meta-training run. */
export interface TrainerOptions {
  /** Module that exports `sampleTask`. */
  readonly family: URL;
  readonly seed: number;
  readonly numPairs: number;
  readonly workers: number;
  /** Steps per window. */
  readonly windowSteps: number;
  readonly estimator: EstimatorOptions;
  /** Outer learning rate at outer step `k`. */
  readonly learningRate: (k: number) => number;
  /** Another build of the engine, for experiments. Default: the embedded one. */
  readonly engine?: Uint8Array<ArrayBuffer>;
}

/** Report of one outer step. */
export interface OuterReport {
  readonly objective: number;
  readonly gradientNorm: number;
  readonly diverged: number;
}

/** Gradients longer than this multiple of their running mean norm are shortened to it. */
const CLIP = 2;

/**
 * Meta-trains theta by antithetic noise-reuse evolution strategies over worker threads, with Adam outside. The pairs'
 * estimates are added in the order of the pairs, so the number of workers does not change the result.
 */
export class Trainer {
  private readonly workers: Worker[] = [];
  private readonly theta = new Float32Array(new SharedArrayBuffer(4 * THETA_SIZE));
  private readonly gradients: Float32Array;

  constructor(private readonly options: TrainerOptions, readonly state: OuterState) {
    this.gradients = new Float32Array(new SharedArrayBuffer(4 * THETA_SIZE * options.numPairs));
  }

  /** Starts the workers. */
  async start(): Promise<void> {
    const {numPairs, workers, estimator, seed, family} = this.options;
    await Promise.all(Array.from({length: workers}, async (_, w) => {
      const workerData: WorkerSetup = {
        family: family.href, estimator, numPairs, engine: this.options.engine,
        // A resumed run draws new tasks.
        seed: (seed + 0x9e3779b9 * (this.state.outerStep + 1)) >>> 0,
        pairs: Array.from({length: numPairs}, (_, i) => i).filter(i => i % workers === w),
        theta: this.theta.buffer, gradients: this.gradients.buffer as SharedArrayBuffer,
      };
      const worker = new Worker(new URL('./tsx-worker.mjs', import.meta.url), {workerData});
      this.workers.push(worker);
      await nextMessage(worker);
    }));
  }

  /** One outer step: a window of every pair, then an update of theta. */
  async step(): Promise<OuterReport> {
    const {state, options} = this;
    this.theta.set(state.theta);
    const answers = await Promise.all(this.workers.map(worker => {
      const answer = nextMessage(worker) as Promise<WindowAnswer>;
      worker.postMessage({steps: options.windowSteps});
      return answer;
    }));
    const windows: PairWindow[] = answers.flat();
    const gradients = Array.from({length: options.numPairs}, (_, i) => this.gradients.subarray(i * THETA_SIZE, (i + 1) * THETA_SIZE));
    const norm = updateTheta(state, meanGradient(gradients), {learningRate: options.learningRate(state.outerStep + 1), weightDecay: 0, clip: CLIP});
    const total = (f: (w: PairWindow) => number): number => windows.reduce((sum, w) => sum + f(w), 0);
    state.innerSteps += total(w => w.innerSteps);
    return {objective: total(w => w.objective) / windows.length, gradientNorm: norm, diverged: total(w => Number(w.diverged))};
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map(w => w.terminate()));
  }
}

function nextMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      act();
    };
    const onMessage = (value: unknown): void => settle(() => resolve(value));
    const onError = (error: Error): void => settle(() => reject(error));
    worker.on('message', onMessage);
    worker.on('error', onError);
  });
}
