import {L2OError} from '../errors.js';

/** Stable codes of {@link FlatnessWarning}. */
export type FlatnessWarningCode = 'LOW_EFFECTIVE_SAMPLE_SIZE' | 'GAMMA_TOO_SMALL' | 'SAMPLES_DROPPED' | 'NOT_CONVERGED';

/** Why an estimate should not be taken at face value. */
export interface FlatnessWarning {
  readonly code: FlatnessWarningCode;
  /** For people; may change. */
  readonly message: string;
}

/** An estimate of one measure. */
export interface FlatnessEstimate {
  readonly value: number;
  /** Of the value, over the samples; NaN where there are too few to tell. */
  readonly standardError: number;
  /** Losses or gradients at perturbed parameters that were asked for; an antithetic pair is two. */
  readonly numSamples: number;
  /** Those of them whose loss or gradient was not finite; the value is over the others. */
  readonly numDropped: number;
  /** How many equally weighted samples would be as good, where samples are weighted. */
  readonly effectiveSampleSize?: number;
  readonly warnings: readonly FlatnessWarning[];
}

/** Mean of the values and its standard error; NaN where they are too few. */
export function meanAndError(values: ArrayLike<number>): {value: number; standardError: number} {
  let sum = 0, squares = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const value = sum / values.length;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - value) ** 2;
  return {value, standardError: values.length < 2 ? NaN : Math.sqrt(squares / (values.length - 1) / values.length)};
}

/** The warning about dropped samples, where there were any. @throws L2OError `NON_FINITE` where all were. */
export function droppedWarnings(measure: string, numSamples: number, numDropped: number): FlatnessWarning[] {
  if (numDropped >= numSamples) throw allDropped(measure, numSamples);
  if (numDropped === 0) return [];
  return [{code: 'SAMPLES_DROPPED', message: `${measure}: ${numDropped} of ${numSamples} samples had a loss or gradient that is not finite, and were left out. Perturb less.`}];
}

/** The error of an estimate without a single finite sample. */
export function allDropped(measure: string, numSamples: number): L2OError {
  return new L2OError('NON_FINITE', `${measure}: expected finite losses and gradients at perturbed parameters, got none in ${numSamples} samples. Check the parameters and the data for NaN, and perturb less.`);
}
