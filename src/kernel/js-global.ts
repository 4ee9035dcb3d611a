import {CONSTANTS, GLOBAL_FEATURES, LOSS_SLOTS, thetaEntry} from '../rules/tensor-lstm/spec.js';
import type {StepOptions} from './types.js';

/** What one step knows before it looks at any tensor. */
export interface GlobalState {
  /** Values of the rule's global features, in their order. */
  readonly features: readonly number[];
  /** Factor in (0, 1] on every step of the parameters; below 1 while the loss stands above its minimum. */
  readonly guard: number;
}

type GlobalFeature = (typeof GLOBAL_FEATURES)[number];
type LossFeature = Extract<GlobalFeature, 'hasLoss' | `loss${string}`>;
/** A feature of {@link timeFeatures}. */
export type TimeFeature = Exclude<GlobalFeature, LossFeature>;

const {TINY} = CONSTANTS;
const NO_LOSS: Readonly<Record<LossFeature, number>> = {
  hasLoss: 0, lossTrend: 0, lossSurprise: 0, lossProgress: 0, lossSlope: 0, lossRise: 0, lossTrendSlow: 0, lossNoise: 0,
};

/** `x` limited to the range from `low` to `high`. */
export function clip(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high);
}

/** softsign(a / b) for b > 0, without the ratio, which may overflow. */
function softsignRatio(a: number, b: number): number {
  return a / (b + Math.abs(a));
}

/** The step that a run ends at by its plan, which doubles whenever it has been reached; 0 without a horizon. */
export function planEnd({time, horizon}: Pick<StepOptions, 'time' | 'horizon'>): number {
  let end = Math.max(horizon, 0);
  while (end > 0 && end <= time) end *= 2;
  return end;
}

function isKnown(end: number): boolean {
  return end > 0 && end <= CONSTANTS.HORIZON_KNOWN;
}

/** The features of time: how far the training is, where that is known, and how long it has been running. */
export function timeFeatures({time, horizon}: Pick<StepOptions, 'time' | 'horizon'>): Record<TimeFeature, number> {
  const end = planEnd({time, horizon}), planned = isKnown(end), f = planned ? time / end : 0, known = Math.min(time, CONSTANTS.TIME_KNOWN), logTime = Math.log1p(known);
  return {
    hasHorizon: planned ? 1 : 0,
    fraction: planned ? 2 * f - 1 : 0,
    fractionStart: planned ? Math.tanh(10 * (f - 0.1)) : 0,
    logRemaining: planned ? Math.log10(1.01 - f) + 1 : 0,
    fractionEnd: planned ? Math.tanh(20 * (f - 0.95)) : 0,
    logHorizon: planned ? clip((Math.log(end) - 6.5) / 2, -3, 3) : 0,
    logTime: Math.tanh(logTime / 3 - 1),
    logTimeLinear: Math.min((logTime - 4) / 3, 3),
    inverseRootTime: 1 / Math.sqrt(known + 1),
  };
}

/** What steps are multiplied by for the time alone: `factor · base ^ exponent`, with a weight of theta, if it is positive, as the exponent. */
export interface Pace {
  readonly factor: number;
  readonly base: number;
  readonly exponent: 'cooldown' | 'decay';
}

/**
 * The pace of a step. In runs that the rule knows from training it is all theta's; beyond them it falls in any case: with 1/t where no
 * end is planned, else with 1/√t and to 0 at the end.
 */
export function paceOf({time, horizon}: Pick<StepOptions, 'time' | 'horizon'>): Pace {
  const end = planEnd({time, horizon});
  if (isKnown(end)) return {factor: 1, base: Math.min(1, (1 - time / end) / CONSTANTS.COOLDOWN_SHARE), exponent: 'cooldown'};
  const known = Math.min(time, CONSTANTS.TIME_KNOWN), beyond = time > CONSTANTS.TIME_KNOWN ? CONSTANTS.TIME_KNOWN / time : 1;
  return {
    factor: end > 0 ? Math.sqrt(beyond) * (1 - time / end) : beyond,
    base: 1 / Math.sqrt(1 + known / CONSTANTS.DECAY_TIME),
    exponent: 'decay',
  };
}

function paceBy(theta: Float32Array, options: StepOptions): number {
  const {factor, base, exponent} = paceOf(options);
  return factor * base ** Math.max(theta[thetaEntry(exponent).offset]!, 0);
}

/** The loss's noise, kept above what rounding alone would make of it. */
function atLeast(noise: number, level: number): number {
  return noise + CONSTANTS.LOSS_NOISE_LEAST * Math.abs(level) + TINY;
}

function takeLoss(L: Float32Array, loss: number): {features: Record<LossFeature, number>; rise: number} {
  const seen = L[LOSS_SLOTS.seen]!;
  let first = L[LOSS_SLOTS.first]!, fast = L[LOSS_SLOTS.fast]!, slow = L[LOSS_SLOTS.slow]!, slower = L[LOSS_SLOTS.slower]!;
  let noise = L[LOSS_SLOTS.noise]!, minimum = L[LOSS_SLOTS.minimum]!, surprise = 0;
  if (seen === 0) {
    first = fast = slow = slower = minimum = loss;
    noise = 0;
  } else {
    const deviation = loss - fast, rate = 1 / (seen + 1);
    surprise = softsignRatio(deviation / 2, atLeast(noise, fast));
    noise += (Math.abs(deviation) - noise) * Math.max(CONSTANTS.LOSS_NOISE, 1 / seen);
    fast += deviation * Math.max(CONSTANTS.LOSS_FAST, rate);
    slow += (loss - slow) * Math.max(CONSTANTS.LOSS_SLOW, rate);
    slower += (loss - slower) * Math.max(CONSTANTS.LOSS_SLOWER, rate);
    minimum = Math.min(fast, minimum + (fast - minimum) * CONSTANTS.LOSS_FORGET);
  }
  L[LOSS_SLOTS.seen] = Math.min(seen + 1, 1e6);
  L[LOSS_SLOTS.first] = first;
  L[LOSS_SLOTS.fast] = fast;
  L[LOSS_SLOTS.slow] = slow;
  L[LOSS_SLOTS.slower] = slower;
  L[LOSS_SLOTS.noise] = noise;
  L[LOSS_SLOTS.minimum] = minimum;

  const positiveNoise = atLeast(noise, fast), size = Math.abs(first), offset = size * 1e-5 + TINY;
  const rise = Math.log1p(Math.min((fast - minimum) / (Math.abs(minimum) + 2 * positiveNoise), 1e9));
  return {
    rise,
    features: {
      hasLoss: 1,
      lossTrend: softsignRatio(fast - slow, positiveNoise),
      lossSurprise: surprise,
      lossProgress: clip(Math.log((Math.abs(fast) + offset) / (size + offset)) / 4, -3, 3),
      lossSlope: clip((4 * (fast - slow)) / (Math.max(Math.abs(slow), positiveNoise) + TINY), -2, 2),
      lossRise: Math.min(rise, CONSTANTS.GUARD_RANGE) / 2,
      lossTrendSlow: softsignRatio(slow - slower, positiveNoise),
      lossNoise: (Math.log(Math.min(positiveNoise / (Math.abs(fast) + TINY), 1e4) + 1e-4) + 3) / 4,
    },
  };
}

/** Takes the step's loss into `lossSlots`, in place, and returns what all tensors of the step share. */
export function beginStep(theta: Float32Array, lossSlots: Float32Array, loss: number | undefined, options: StepOptions): GlobalState {
  // The slots hold floats: a constant loss must not seem to differ from its own average.
  const taken = loss === undefined ? undefined : takeLoss(lossSlots, Math.fround(loss));
  const values: Record<GlobalFeature, number> = {...timeFeatures(options), ...(taken?.features ?? NO_LOSS)};
  const strength = Math.max(theta[thetaEntry('guard').offset]!, 0);
  return {
    features: GLOBAL_FEATURES.map(name => values[name]),
    guard: paceBy(theta, options) * (taken === undefined ? 1 : Math.exp(-strength * clip(taken.rise - CONSTANTS.GUARD_SLACK, 0, CONSTANTS.GUARD_RANGE))),
  };
}
