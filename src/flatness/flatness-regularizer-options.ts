import {OptionChecks} from '../option-checks.js';
import type {FlatnessMeasure, LocalEntropyOptions, ResolvedMeasure} from './measure-options.js';
import {resolveMeasure} from './measure-options.js';
import {resolveSchedule, scheduleConfig, type ResolvedSchedule, type Schedule} from './training/schedule.js';

/** A measure and its options, in which γ may change in training. */
type TrainedMeasure = Exclude<FlatnessMeasure, LocalEntropyOptions> | (Omit<LocalEntropyOptions, 'gamma'> & {
  /** γ > 0 of the local entropy, one over the variance of the perturbations; may change in training. Default 400. */
  readonly gamma?: Schedule;
});

/** Options of `FlatnessRegularizer`: the measure with its own options, and these. */
export type FlatnessRegularizerOptions = TrainedMeasure & {
  /** Factor on the penalty's gradient, ≥ 0; may change in training. 1 with `measure: 'sharpness'` is sharpness-aware minimization. */
  readonly strength: Schedule;
  /** Every how many steps the penalty is added, an integer ≥ 1. Default 1. */
  readonly every?: number;
  /** Number of first steps without the penalty, an integer ≥ 0. Default 0. */
  readonly warmup?: number;
  /** Of all perturbations, an integer from 0 to 2³² − 1: same seed, same training. Default 0. */
  readonly seed?: number;
};

/** Checked options. */
export interface FlatnessRegularizerSettings {
  readonly strength: ResolvedSchedule;
  readonly every: number;
  readonly warmup: number;
  readonly seed: number;
  /** The measure at the first step. */
  readonly measure: ResolvedMeasure;
  readonly gamma: ResolvedSchedule | undefined;
}

const WHERE = 'FlatnessRegularizer';
const OTHERS = ['strength', 'every', 'warmup', 'seed'] as const;
const GAMMA_REMEDY = 'It is one over the variance of the perturbations.';

/** Checks the options and fills in the defaults. @throws L2OError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`. */
export function resolveRegularizer(options: unknown): FlatnessRegularizerSettings {
  const checks = new OptionChecks(WHERE), resolved = resolveMeasure(WHERE, withoutSchedule(options), OTHERS);
  const given = options as Readonly<Partial<Record<(typeof OTHERS)[number] | 'gamma', unknown>>>;
  const gamma = resolved.measure === 'localEntropy' ? resolveSchedule(WHERE, 'gamma', given.gamma ?? resolved.gamma, {above: 0}, GAMMA_REMEDY) : undefined;
  return {
    measure: resolved, gamma,
    strength: resolveSchedule(WHERE, 'strength', given.strength, {min: 0}, 'Pass the factor on the penalty; 0 switches it off.'),
    every: checks.number('every', given.every ?? 1, {min: 1, integer: true}, 'Leave it out to add the penalty in every step.'),
    warmup: checks.number('warmup', given.warmup ?? 0, {min: 0, integer: true}, 'Leave it out to add the penalty from the first step on.'),
    seed: checks.number('seed', given.seed ?? 0, {min: 0, max: 2 ** 32 - 1, integer: true}, 'Leave it out for 0.'),
  };
}

/** The measure as it is at a step. */
export function measureAt({measure, gamma}: FlatnessRegularizerSettings, step: number): ResolvedMeasure {
  return measure.measure === 'localEntropy' && gamma !== undefined ? {...measure, gamma: gamma.at(step)} : measure;
}

/** The settings as plain data, which {@link resolveRegularizer} takes back. @throws L2OError `INVALID_ARGUMENT` for schedules that are functions. */
export function regularizerConfig({measure, gamma, strength, every, warmup, seed}: FlatnessRegularizerSettings): FlatnessRegularizerOptions {
  const plain = {...measure, ...(gamma !== undefined && {gamma: scheduleConfig(WHERE, 'gamma', gamma.given)})};
  return {...plain, strength: scheduleConfig(WHERE, 'strength', strength.given), every, warmup, seed};
}

/** The options with a number for γ; where it has a schedule of its own, that is checked apart. */
function withoutSchedule(options: unknown): unknown {
  if (typeof options !== 'object' || options === null || !('gamma' in options) || typeof options.gamma === 'number') return options;
  const {gamma, ...rest} = options;
  // The name stays, so that measures without γ refuse it.
  return {...rest, gamma: typeof gamma === 'function' || (typeof gamma === 'object' && gamma !== null) ? 1 : gamma};
}
