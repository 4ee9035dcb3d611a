import {existsSync, readFileSync} from 'node:fs';
import {RECIPE} from '../../recipes/tensor-lstm-config.js';
import {HORIZONS} from '../../recipes/tensor-lstm-family.js';
import {writeFileAtomically} from '../../src/cli/atomic-file.js';
import {FIRST_STAGE, horizonsAt} from '../../src/meta/curriculum.js';
import {imitationWeight} from '../../src/meta/imitation.js';
import {rateShare} from '../../src/meta/meta-fit-run.js';
import {initialOuterState, Trainer, type OuterState} from '../../src/meta/trainer.js';
import {Random} from '../../src/random.js';
import type {Variant} from './variants.js';

/** Peak of the outer learning rate: the recipe's first one. */
const PEAK_RATE = 1.5e-3;
const SAVE_EVERY = 200;
const RECIPE_FAMILY = new URL('../../recipes/tensor-lstm-family.ts', import.meta.url);
type ArrayName = 'theta' | 'moment' | 'variance';

/** How twins are trained. */
export interface TwinOptions {
  readonly seed: number;
  readonly numOuterSteps: number;
  readonly workers: number;
  /** Where the training stands; it goes on from there. */
  readonly checkpoint: string;
  readonly isOver: () => boolean;
}

/** A twin so far: what the recipe would keep is the running average of theta. */
export interface Twin {
  readonly state: OuterState;
  readonly average: Float32Array;
}

/** Inner steps of one outer step, but for the ends of runs. */
export const INNER_STEPS = 2 * RECIPE.numPairs * RECIPE.windowSteps;

/** Meta-trains one variant of the recipe, to its end or until time is over. */
export async function trainTwin(variant: Variant, {seed, numOuterSteps, workers, checkpoint, isOver}: TwinOptions): Promise<Twin> {
  const twin = existsSync(checkpoint) ? readTwin(checkpoint) : newTwin(variant.start(new Random(seed).fork('theta')));
  const {state, average} = twin;
  if (state.outerStep >= numOuterSteps || isOver()) return twin;
  const {imitation, curriculum, flatness} = variant, progress = (k: number): number => (k - 1) / numOuterSteps;
  const trainer = new Trainer({
    horizons: k => horizonsAt(curriculum, HORIZONS, FIRST_STAGE, progress(k)), flatness,
    imitation: imitation && {weight: k => imitationWeight(imitation, progress(k)), teacherLearningRate: imitation.teacherLearningRate},
    family: variant.family ?? RECIPE_FAMILY, workers, learningRate: k => PEAK_RATE * rateShare(k, numOuterSteps), frozen: variant.frozen ?? [],
    seed, numPairs: RECIPE.numPairs, windowSteps: RECIPE.windowSteps, estimator: RECIPE.estimator, objective: RECIPE.objective,
  }, state);
  try {
    await trainer.start();
    while (state.outerStep < numOuterSteps && !isOver()) {
      await trainer.step();
      average.forEach((mean, i) => (average[i] = mean + (state.theta[i]! - mean) * RECIPE.averageRate));
      if (state.outerStep % SAVE_EVERY === 0) writeTwin(checkpoint, twin);
    }
  } finally {
    await trainer.stop();
  }
  writeTwin(checkpoint, twin);
  return twin;
}

function newTwin(theta: Float32Array): Twin {
  return {state: initialOuterState(theta), average: theta.slice()};
}

function writeTwin(file: string, {state, average}: Twin): void {
  const {theta, moment, variance, ...scalars} = state;
  const encode = (a: Float32Array): string => Buffer.from(a.buffer, a.byteOffset, a.byteLength).toString('base64');
  writeFileAtomically(file, JSON.stringify({...scalars, theta: encode(theta), moment: encode(moment), variance: encode(variance), average: encode(average)}));
}

function readTwin(file: string): Twin {
  const saved = JSON.parse(readFileSync(file, 'utf8')) as Omit<OuterState, ArrayName> & Record<ArrayName | 'average', string>;
  // A copy, since floats want a start that is a multiple of four.
  const decode = (text: string): Float32Array => new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
  const {theta, moment, variance, average, ...scalars} = saved;
  return {state: {...scalars, theta: decode(theta), moment: decode(moment), variance: decode(variance)}, average: decode(average)};
}
