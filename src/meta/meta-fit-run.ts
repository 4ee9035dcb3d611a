import {L2OError} from '../errors.js';
import type {BestTheta, CheckpointFolder, RunState} from './checkpoint.js';
import {afterJudgement, FIRST_STAGE, horizonsAt, judgedHorizons} from './curriculum.js';
import type {PairWindow} from './estimator.js';
import type {Host} from './host.js';
import {imitationWeight} from './imitation.js';
import type {MetaFitSettings} from './meta-fit-settings.js';
import {initialOuterState, meanGradient, updateTheta} from './outer-update.js';

/** Share of the run in which the outer learning rate rises, and what it falls to. */
const WARM_UP = 0.05, LAST_RATE = 0.1;
/** Outer steps in a row without any finite flatness penalty after which a run gives up. */
const ALL_DROPPED = 5;

/** Outer learning rate of step `k` (from 1) relative to its peak: linear warm-up, then a cosine. */
export function rateShare(k: number, numOuterSteps: number): number {
  const cosine = (1 + Math.cos((Math.PI * k) / numOuterSteps)) / 2;
  return Math.min(1, k / Math.max(1, WARM_UP * numOuterSteps)) * (LAST_RATE + (1 - LAST_RATE) * cosine);
}

/** The outer loop of one `metaFit`, from its start or from a checkpoint. */
export class MetaFitRun {
  private readonly run: Omit<{-readonly [K in keyof RunState]: RunState[K]}, 'pairs'>;
  private fresh: boolean;

  constructor(private readonly settings: MetaFitSettings, private readonly host: Host, private readonly folder: CheckpointFolder | undefined, saved: RunState | undefined) {
    const theta = settings.initialTheta.values;
    this.fresh = saved === undefined;
    this.run = saved ?? {outer: initialOuterState(theta), best: {theta, score: Infinity, outerStep: 0}, heldOut: Infinity, stale: 0, diverged: 0, stage: FIRST_STAGE, history: []};
  }

  /** What the run gives; see the option `keep`. The score of the last theta is that of the last judgement. */
  chosen(): BestTheta {
    const {run: {outer, best, heldOut}, settings: {recipe: {keep}}} = this;
    return keep === 'last' ? {theta: outer.theta, score: heldOut, outerStep: outer.outerStep} : best;
  }

  /** All state of the run, pairs included. */
  state(): RunState {
    return {...this.run, pairs: this.host.states()};
  }

  /** Runs until all steps are made, patience is over, or the signal comes. */
  async toEnd(): Promise<'done' | 'early' | 'aborted'> {
    const {recipe: {numOuterSteps, patience}, signal, checkpointEvery} = this.settings, {outer} = this.run;
    if (this.fresh) {
      const heldOut = await this.judge();
      this.run.history.push({outerStep: 0, diverged: 0, heldOut});
      this.write();
      this.fresh = false;
    }
    const started = performance.now(), before = {outerStep: outer.outerStep, innerSteps: outer.innerSteps};
    const impatient = (): boolean => this.run.stage.stuck || (patience > 0 && this.run.stale >= patience);
    let written = outer.outerStep;
    while (outer.outerStep < numOuterSteps && !impatient() && signal?.aborted !== true) {
      await this.step();
      this.report((performance.now() - started) / 1000, before);
      if (outer.outerStep % checkpointEvery !== 0) continue;
      this.write();
      written = outer.outerStep;
    }
    if (written !== outer.outerStep) this.write();
    return impatient() ? 'early' : outer.outerStep < numOuterSteps ? 'aborted' : 'done';
  }

  private async step(): Promise<void> {
    const {recipe: {windowSteps, numOuterSteps, learningRate, weightDecay, clip, validateEvery, curriculum, imitation, horizons}} = this.settings, {outer, stage} = this.run;
    const progress = outer.outerStep / numOuterSteps;
    const plan = {steps: windowSteps, horizons: horizonsAt(curriculum, horizons.horizons, stage, progress), imitation: imitationWeight(imitation, progress)};
    const results = await this.host.window(outer.theta, plan), windows = results.map(r => r.window);
    const gradientNorm = updateTheta(outer, meanGradient(results.map(r => r.gradient)), {learningRate: learningRate * rateShare(outer.outerStep + 1, numOuterSteps), weightDecay, clip});
    const total = (f: (w: PairWindow) => number): number => windows.reduce((sum, w) => sum + f(w), 0);
    const diverged = total(w => w.diverged), metaLoss = total(w => w.objective) / windows.length, {outerStep} = outer;
    const penalized = windows.filter(w => w.flatness !== undefined), flatness = this.settings.flatness !== undefined && {
      ...(penalized.length > 0 && {flatness: total(w => w.flatness ?? 0) / penalized.length}), flatnessDropped: total(w => w.flatnessDropped ?? 0),
    };
    outer.innerSteps += total(w => w.innerSteps);
    this.run.diverged += diverged;
    const due = outerStep % validateEvery === 0 || outerStep === numOuterSteps;
    this.run.history.push({outerStep, metaLoss, gradientNorm, diverged, ...flatness, ...(due && {heldOut: await this.judge()})});
    this.checkFlatness();
  }

  /** @throws L2OError `NON_FINITE` where no penalty has been finite for a while: the training would go on without its regularizer. */
  private checkFlatness(): void {
    const made = this.run.history.filter(({outerStep}) => outerStep > 0), enough = Math.min(ALL_DROPPED, this.settings.recipe.numOuterSteps);
    const last = made.slice(-enough), dropped = last.reduce((sum, h) => sum + (h.flatnessDropped ?? 0), 0);
    if (last.length < enough || last.some(h => h.flatness !== undefined || (h.flatnessDropped ?? 0) === 0)) return;
    throw new L2OError('NON_FINITE', `metaFit: expected finite flatness penalties, got none in ${enough} outer steps, and ${dropped} that are not finite. Perturb less, or check the tasks' losses.`);
  }

  /** Scores theta on the held-out tasks, keeps it where it is the best so far, and moves on in the curriculum. */
  private async judge(): Promise<number> {
    const {run, settings: {recipe: {curriculum}}} = this, heldOut = await this.score(run.outer.theta), better = heldOut < run.best.score;
    run.heldOut = heldOut;
    if (better) run.best = {theta: run.outer.theta.slice(), score: heldOut, outerStep: run.outer.outerStep};
    run.stale = better ? 0 : run.stale + 1;
    // The first judgement of all finds out where training starts.
    if (curriculum === undefined || !('stages' in curriculum) || run.outer.outerStep === 0) return heldOut;
    const {stage} = run.stage;
    run.stage = afterJudgement(curriculum, run.stage, better);
    if (run.stage.stage > stage) await this.advance();
    return heldOut;
  }

  /** Goes on in the next stage with the best theta of the last one, judged anew: other horizons, other scores. */
  private async advance(): Promise<void> {
    const {run} = this;
    run.outer.theta = run.best.theta.slice();
    run.best = {...run.best, score: await this.score(run.best.theta)};
    run.stale = 0;
  }

  private async score(theta: Float32Array): Promise<number> {
    const {run, settings: {recipe: {numHeldOut, curriculum, horizons}}} = this;
    const scores = await this.host.heldOut(theta, numHeldOut, judgedHorizons(curriculum, horizons.horizons, run.stage));
    run.diverged += scores.filter(s => s.diverged).length;
    return scores.reduce((sum, s) => sum + s.score, 0) / scores.length;
  }

  private write(): void {
    this.folder?.write(this.state());
  }

  private report(seconds: number, before: {readonly outerStep: number; readonly innerSteps: number}): void {
    const {run: {outer, heldOut, diverged, history}, settings: {recipe: {numOuterSteps}, onProgress}} = this;
    onProgress({
      outerStep: outer.outerStep, numOuterSteps, metaLoss: history.at(-1)!.metaLoss!, heldOut, diverged,
      innerStepsPerSecond: (outer.innerSteps - before.innerSteps) / Math.max(seconds, 1e-3),
      secondsLeft: (seconds * (numOuterSteps - outer.outerStep)) / (outer.outerStep - before.outerStep),
    });
  }
}
