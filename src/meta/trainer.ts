import type {AntitheticOptions, HorizonRange, PairWindow, WindowPlan} from './estimator.js';
import type {Host} from './host.js';
import type {Objective} from './objective.js';
import {meanGradient, updateTheta, type OuterState} from './outer-update.js';
import type {EngineSource} from './task-source.js';
import type {FlatnessPlan} from './window-flatness.js';
import {WorkerHost} from './worker-host.js';

export {initialOuterState, type OuterState} from './outer-update.js';

/** Settings of a meta-training run in the compiled engine. */
export interface TrainerOptions {
  /** Module that exports `sampleTask`. */
  readonly family: URL;
  readonly seed: number;
  readonly numPairs: number;
  readonly workers: number;
  /** Steps per window. */
  readonly windowSteps: number;
  readonly estimator: AntitheticOptions;
  readonly objective: Objective;
  /** Outer learning rate at outer step `k`. */
  readonly learningRate: (k: number) => number;
  /** What the family may draw its horizons from at outer step `k`. */
  readonly horizons: (k: number) => HorizonRange;
  /** Imitation of Adam, with its weight at outer step `k`. Default: none. */
  readonly imitation?: {readonly weight: (k: number) => number; readonly teacherLearningRate: number} | undefined;
  /** A flatness penalty in the objective. Default: none. */
  readonly flatness?: FlatnessPlan | undefined;
  /** Places in theta of weights that stay as they are. Pairs are perturbed in them all the same. Default: none. */
  readonly frozen?: readonly number[];
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
 * Meta-trains theta in the compiled engine, with Adam outside: the loop of the recipes, which keep outer state alone. The
 * pairs' estimates are added in the order of the pairs, so the number of workers does not change the result.
 */
export class Trainer {
  private host: Host | undefined;

  constructor(private readonly options: TrainerOptions, readonly state: OuterState) {}

  /** Starts the workers. */
  async start(): Promise<void> {
    const {numPairs, workers, estimator, objective, family, engine, flatness, imitation, horizons} = this.options;
    // A resumed run draws new tasks.
    const seed = (this.options.seed + 0x9e3779b9 * (this.state.outerStep + 1)) >>> 0;
    const source: EngineSource = {kind: 'engine', module: family.href, objective, engine, flatness, teacherLearningRate: imitation?.teacherLearningRate};
    this.host = await WorkerHost.start(source, {rule: 'tensor-lstm', numPairs, estimator, seed, horizons: horizons(this.state.outerStep + 1)}, workers);
  }

  /** One outer step: a window of every pair, then an update of theta. Call {@link Trainer.start} first. */
  async step(): Promise<OuterReport> {
    const {state, options: {windowSteps, learningRate, horizons, imitation, frozen = []}} = this, k = state.outerStep + 1;
    const plan: WindowPlan = {steps: windowSteps, horizons: horizons(k), imitation: imitation?.weight(k) ?? 0};
    const results = await this.host!.window(state.theta, plan), windows = results.map(r => r.window);
    const gradient = meanGradient(results.map(r => r.gradient));
    for (const place of frozen) gradient[place] = 0;
    const gradientNorm = updateTheta(state, gradient, {learningRate: learningRate(k), weightDecay: 0, clip: CLIP});
    const total = (f: (w: PairWindow) => number): number => windows.reduce((sum, w) => sum + f(w), 0);
    state.innerSteps += total(w => w.innerSteps);
    return {objective: total(w => w.objective) / windows.length, gradientNorm, diverged: total(w => w.diverged)};
  }

  /** Ends the workers. */
  async stop(): Promise<void> {
    await this.host?.stop();
  }
}
