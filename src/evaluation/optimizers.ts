import type {RolloutOptions} from '../rollout/rollout.js';

/** Baselines that are tuned on each task. */
export const BASELINES = ['adam', 'adamCosine', 'adamwCosine', 'sgdMomentum'] as const;
export type BaselineKind = (typeof BASELINES)[number];

/** What a run steps with: plain data, which reaches workers and names the run in the cache. */
export type OptimizerSpec =
  | {readonly kind: 'learned'}
  | {readonly kind: BaselineKind; readonly learningRate: number}
  /** @param peer Its name. */
  | {readonly kind: 'peer'; readonly peer: string};

/** A baseline: how it is tuned and run. */
export interface Baseline {
  readonly kind: BaselineKind;
  readonly title: string;
  /** Learning rates that are tried, the lowest first. */
  readonly rates: readonly number[];
  /** Whether the learning rate falls to 0 along a cosine, so that each horizon takes a run of its own. */
  readonly hasSchedule: boolean;
  readonly options: Pick<RolloutOptions, 'rule' | 'schedule' | 'weightDecay' | 'momentum'>;
}

/** Half-decade rates 10^(low/2) … 1. */
function halfDecades(low: number): number[] {
  return Array.from({length: 1 - low}, (_, i) => Number((10 ** ((low + i) / 2)).toPrecision(4)));
}

const ADAM_RATES = halfDecades(-14);

const DETAILS: Readonly<Record<BaselineKind, Omit<Baseline, 'kind'>>> = {
  adam: {title: 'Adam', rates: ADAM_RATES, hasSchedule: false, options: {rule: 'adam'}},
  adamCosine: {title: 'Adam + cosine', rates: ADAM_RATES, hasSchedule: true, options: {rule: 'adam', schedule: 'cosine'}},
  // PyTorch's default weight decay.
  adamwCosine: {title: 'AdamW + cosine', rates: ADAM_RATES, hasSchedule: true, options: {rule: 'adam', schedule: 'cosine', weightDecay: 0.01}},
  sgdMomentum: {title: 'SGD + momentum', rates: halfDecades(-8), hasSchedule: false, options: {rule: 'sgd', momentum: 0.9}},
};

/** Rates and settings of a baseline. */
export function baseline(kind: BaselineKind): Baseline {
  return {kind, ...DETAILS[kind]};
}

/** TF.js's own default for Adam: what divergence is compared with. */
export const DEFAULT_ADAM: OptimizerSpec = {kind: 'adam', learningRate: 0.001};

const OTHER_TITLES: Readonly<Record<string, string>> = {learned: 'Learned, untuned', adamDefault: 'Adam 1e-3', celo: 'Celo, untuned'};

/** The name of an optimizer for people; peers that are not known go by their own. */
export function titleOf(name: string): string {
  const kind = BASELINES.find(known => known === name);
  return kind === undefined ? OTHER_TITLES[name] ?? name : `${DETAILS[kind].title}, tuned`;
}
