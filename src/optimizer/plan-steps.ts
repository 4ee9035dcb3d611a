import {L2OError} from '../errors.js';

/** What {@link planSteps} needs to know of a training run. */
export interface TrainingPlan {
  /** Training examples, an integer ≥ 1. With `validationSplit`, those that remain for training. */
  readonly numExamples: number;
  /** Examples per batch, an integer ≥ 1. Default 32, as in `model.fit`. */
  readonly batchSize?: number;
  /** Passes over the data, an integer ≥ 1. Default 1, as in `model.fit`. */
  readonly epochs?: number;
}

/**
 * The number of optimizer steps that `model.fit` makes: what `learnedOptimizer({numSteps})` wants to know.
 *
 * @throws L2OError `INVALID_ARGUMENT` where a number is no integer ≥ 1.
 * @example
 * learnedOptimizer({numSteps: planSteps({numExamples: 1197, batchSize: 50, epochs: 10})}); // 240 steps
 */
export function planSteps({numExamples, batchSize = 32, epochs = 1}: TrainingPlan): number {
  for (const [name, value] of Object.entries({numExamples, batchSize, epochs})) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new L2OError('INVALID_ARGUMENT', `planSteps: ${name} must be an integer ≥ 1, got ${String(value)}. Pass what you pass to model.fit.`);
    }
  }
  return Math.ceil(numExamples / batchSize) * epochs;
}
