import {Worker} from 'node:worker_threads';
import {THETA_SIZE} from '../rules/tensor-lstm/spec.js';
import type {EstimatorOptions, PairWindow} from './estimators.js';
import type {WindowAnswer, WorkerSetup} from './worker.js';

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

/** What must be kept to go on with a run. Rollouts restart with new tasks. */
export interface OuterState {
  theta: Float32Array;
  moment: Float32Array;
  variance: Float32Array;
  /** Mean of the last gradient norms, for clipping. */
  norm: number;
  outerStep: number;
  innerSteps: number;
}

/** Outer state at the start of a run. */
export function initialOuterState(theta: Float32Array): OuterState {
  return {theta: theta.slice(), moment: new Float32Array(THETA_SIZE), variance: new Float32Array(THETA_SIZE), norm: 0, outerStep: 0, innerSteps: 0};
}

/** Report of one outer step. */
export interface OuterReport {
  readonly objective: number;
  readonly gradientNorm: number;
  readonly diverged: number;
}

const BETA1 = 0.9, BETA2 = 0.99, EPSILON = 1e-8;
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
    const gradient = new Float64Array(THETA_SIZE);
    for (let i = 0; i < options.numPairs; i++) {
      for (let k = 0; k < THETA_SIZE; k++) gradient[k]! += this.gradients[i * THETA_SIZE + k]! / options.numPairs;
    }
    let norm = 0;
    for (const g of gradient) norm += g * g;
    norm = Math.sqrt(norm);
    if (!Number.isFinite(norm)) throw new Error('the meta-gradient is not finite');
    state.norm = state.norm === 0 ? norm : 0.98 * state.norm + 0.02 * Math.min(norm, 5 * state.norm);
    const scale = Math.min(1, (CLIP * state.norm) / (norm || 1)), k = ++state.outerStep;
    const rate = options.learningRate(k), c1 = 1 - BETA1 ** k, c2 = 1 - BETA2 ** k;
    for (let i = 0; i < THETA_SIZE; i++) {
      const g = gradient[i]! * scale;
      state.moment[i] = BETA1 * state.moment[i]! + (1 - BETA1) * g;
      state.variance[i] = BETA2 * state.variance[i]! + (1 - BETA2) * g * g;
      state.theta[i]! -= (rate * state.moment[i]!) / c1 / (Math.sqrt(state.variance[i]! / c2) + EPSILON);
    }
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
