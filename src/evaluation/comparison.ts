import {mean} from '../report/statistics.js';
import type {Branch, Contender} from './contender.js';
import {envelope, smooth, speedUp, type LossPoint, type SpeedUp} from './speed-up.js';
import {isNoWorse} from './statistics.js';

/** Ours beside one other optimizer on one task. */
export interface Comparison {
  readonly speedUp: SpeedUp;
  /** Whether our final validation loss is no worse than theirs at the rate that is best by validation loss. */
  readonly isNoWorse: boolean;
  /** The same at the rate that is best by training loss: that of the speed-up. */
  readonly isNoWorseAsTuned: boolean;
}

/** The least mean loss over these seeds up to each step. */
export function envelopeOver(branches: readonly Branch[], seeds: readonly number[]): LossPoint[] {
  return envelope(branches.map(({steps, losses}) => steps.map((step, i) => ({step, loss: mean(seeds.map(seed => losses[seed]![i]!))}))));
}

/** Smoothed training losses at T, by seed. */
export function finalLosses({curve: {steps, losses}}: Pick<Contender, 'curve'>): number[] {
  return losses.map(train => smooth(steps.map((step, i) => ({step, loss: train[i]!}))).at(-1)!.loss);
}

/** Speed-up of ours over theirs from the means over these seeds. */
export function speedUpOver(steps: number, ours: Contender, theirs: Contender, seeds: readonly number[]): SpeedUp {
  const finals = finalLosses(ours), ourLoss = mean(seeds.map(seed => finals[seed]!));
  return speedUp(steps, ourLoss, envelopeOver(ours.branches, seeds), envelopeOver(theirs.branches, seeds));
}

/** Ours beside theirs. */
export function compare(steps: number, ours: Contender, theirs: Contender): Comparison {
  const seeds = ours.validation.map((_, i) => i);
  const lossesOf = ({validation}: Contender): number[] => validation.map(({loss}) => loss);
  return {
    speedUp: speedUpOver(steps, ours, theirs, seeds),
    isNoWorse: isNoWorse(ours.bestValidation, theirs.bestValidation), isNoWorseAsTuned: isNoWorse(lossesOf(ours), lossesOf(theirs)),
  };
}

/** Bounds of the logarithm, to base 10, of a loss over the first one. */
const LOG_BOUNDS = [-10, 1] as const;

/**
 * Area under the log-loss curve, by seed: the mean over the run of log10(loss / first loss), bounded to −10…1; lower is better.
 * `NaN` where the first loss is not positive.
 */
export function areas({curve: {steps, losses}}: Contender): number[] {
  return losses.map(train => {
    const first = train[0]!, logs = train.map(loss => Math.min(LOG_BOUNDS[1], Math.max(LOG_BOUNDS[0], Math.log10(Math.max(0, loss) / first))));
    let total = 0;
    for (let i = 1; i < steps.length; i++) total += ((logs[i - 1]! + logs[i]!) / 2) * (steps[i]! - steps[i - 1]!);
    return first > 0 ? total / steps.at(-1)! : NaN;
  });
}

/** Whether a run diverged, by seed: a loss was not finite, or the final one is above the first. */
export function diverged(contender: Contender): boolean[] {
  const finals = finalLosses(contender);
  return contender.stopped.map((hasStopped, i) => hasStopped || !(finals[i]! <= contender.curve.losses[i]![0]!));
}
